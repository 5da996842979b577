"""Made sets whose P(label set | features) is known, so that the best possible answer is known."""

from numbers import Integral, Real
from typing import Literal

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ctran._utils.names import as_names
from sklearn_ctran._utils.sklearn_compat import WholeNumber, validate_params
from sklearn_ctran._utils.typing import RandomState
from sklearn_ctran.datasets._joints import (
    KnownJoint,
    all_sets,
    make_fields,
    make_mixture,
    make_pairwise,
)

#: How each kind is made, and which settings it has.
_KINDS = {
    "pairwise": (make_pairwise, ("coupling", "noise")),
    "mixture": (make_mixture, ("noise",)),
    "fields": (make_fields, ("coupling",)),
}

_DESCR = """\
Labels of a known joint distribution
------------------------------------

{n_samples:,} made rows of {n_features} features and {n_labels} labels, of the kind "{kind}".
``joint`` gives the probabilities of all {n_sets:,} label sets for any features.
"""


@validate_params(
    {
        "n_samples": [WholeNumber(Integral, 1, None, closed="left")],
        "kind": [StrOptions(set(_KINDS))],
        # Each label depends on three others; more labels have more sets than fit into memory.
        "n_labels": [WholeNumber(Integral, 4, 16, closed="both")],
        "coupling": [Interval(Real, 0, None, closed="left"), None],
        "noise": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_known_joint(
    n_samples: int = 1000,
    *,
    kind: Literal["pairwise", "mixture", "fields"] = "pairwise",
    n_labels: int = 10,
    coupling: float | None = None,
    noise: float | None = None,
    random_state: RandomState = None,
) -> Bunch:
    """Make features and labels whose joint distribution is known exactly.

    "pairwise"
        Label sets have a pairwise (Ising) model. The 24 features are a noisy view of a curved
        function of the set.
    "mixture"
        Each row belongs to one of 15 kinds, which have a label set, of which each label differs
        with probability 0.05, and a centre of the 16 features.
    "fields"
        Label sets have an Ising model whose fields are a curved function of the 12 features, half
        of which say nothing.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.

    kind : {"pairwise", "mixture", "fields"}, default="pairwise"
        The model, as above.

    n_labels : int, default=10
        Number of labels, between 4 and 16. Each answer is a sum over all ``2 ** n_labels`` sets.

    coupling : float, default=None
        How strongly labels depend on one another, at least 0: with 0 the labels of "fields" are
        independent given the features, those of "pairwise" before the features are seen. None: 1.5
        for "pairwise", 1.0 for "fields". "mixture" has none.

    noise : float, default=None
        Standard deviation of the features' noise, above 0. None: 1.2 for "pairwise", 1.3 for
        "mixture". "fields" has none.

    random_state : int, RandomState instance or None, default=None
        Determines the distribution and the rows. Pass an int for the same output in each call.

    Returns
    -------
    made : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray of shape (n_samples, n_features), dtype float32
            The features.
        target : ndarray of shape (n_samples, n_labels), dtype int64
            0 and 1.
        target_names : ndarray of shape (n_labels,)
            "label0", "label1", ...
        extra, extra_names, groups, split : None
            What published sets may have.
        joint : KnownJoint
            The distribution: ``joint.predict_proba(X, known_labels)`` is the best answer there is,
            ``joint.log_proba(X)`` has all label sets.
        DESCR : str
            Description of the data set.

    Raises
    ------
    ValueError
        If an argument is outside of its range, or is none of the kind's.

    See Also
    --------
    KnownJoint : The distribution.

    Notes
    -----
    Training and test rows have one distribution only if they are of one call.

    Examples
    --------
    The mean log-loss of the true distribution, which no model can beat:

    >>> from sklearn.metrics import log_loss
    >>> from sklearn_ctran.datasets import make_known_joint
    >>> made = make_known_joint(500, kind="fields", n_labels=6, random_state=0)
    >>> proba = made.joint.predict_proba(made.data)
    >>> bool(log_loss(made.target.ravel(), proba.ravel()) < 0.6)
    True
    """
    make, has = _KINDS[kind]
    given = {"coupling": coupling, "noise": noise}
    settings = {name: value for name, value in given.items() if value is not None}
    if wrong := [name for name in settings if name not in has]:
        raise ValueError(
            f"{wrong[0]}={settings[wrong[0]]!r}: kind={kind!r} has no {wrong[0]}; it has "
            f"{' and '.join(has)}."
        )
    rng = check_random_state(random_state)
    sets = all_sets(n_labels)
    X, codes, log_joint = make(rng, sets, n_samples, **settings)
    return Bunch(
        data=X.astype(np.float32),
        target=sets[codes].astype(np.int64),
        target_names=as_names([f"label{i}" for i in range(n_labels)]),
        extra=None,
        extra_names=None,
        groups=None,
        split=None,
        joint=KnownJoint(log_joint, n_labels),
        DESCR=_DESCR.format(
            kind=kind,
            n_samples=n_samples,
            n_features=X.shape[1],
            n_labels=n_labels,
            n_sets=len(sets),
        ),
    )
