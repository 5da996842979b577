import numpy as np
import pytest

from sklearn_ctran.baselines import LinearHead, MaskedLinear
from sklearn_ctran.inspection._report.evidence import gather
from sklearn_ctran.model_selection import TunedThresholds


def test_has_predictions_in_the_order_of_the_labels(linear, table):
    X, Y = table
    evidence = gather(linear, X, Y, None, None, None, None)
    assert (evidence.truth == Y).all() and (evidence.known == -1).all()
    assert np.allclose(evidence.proba, linear.predict_proba(X))
    assert (evidence.decisions == linear.predict(X)).all()
    assert evidence.names == [0, 1, 2, 3] and not evidence.is_exclusive
    assert evidence.extra_of([0]) == {}


def test_classes_are_columns(table):
    X, Y = table
    y = np.array(["cat", "dog"])[np.abs(Y[:, 0])]
    model = MaskedLinear(random_state=0).fit(X, y)
    evidence = gather(model, X, y, None, None, None, None)
    assert evidence.is_exclusive
    assert (evidence.truth == (y[:, None] == model.classes_)).all()
    assert (evidence.decisions == (model.predict(X)[:, None] == model.classes_)).all()


def test_extra_labels_stay_known(table):
    X, Y = table[0], np.abs(table[1])
    model = MaskedLinear(random_state=0).fit(X, Y[:, :3], extra_labels=Y[:, 3:])
    evidence = gather(model, X, Y[:, :3], None, None, Y[:, 3:], None)
    assert evidence.known.shape == (len(X), 3)
    assert (evidence.states_given(evidence.truth) == Y).all()
    assert (evidence.extra_of([4, 7])["extra_labels"] == Y[[4, 7], 3:]).all()


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: TunedThresholds(model, cv=3)])
def test_finds_the_network_inside(table, wrap):
    X, Y = table[0], np.abs(table[1])
    model = wrap(LinearHead(backbone=None, max_epochs=1, random_state=0)).fit(X, Y)
    assert isinstance(gather(model, X, Y, None, None, None, None).network, LinearHead)


def test_has_no_network_where_there_is_none(linear, table):
    assert gather(linear, *table, None, None, None, None).network is None
