"""Labels have the same states in whatever form they come."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from label_forms import (
    PROFILE,
    arrays,
    columns,
    frames,
    groups_of,
    known_in_any_form,
    label_names,
    learnable_tables,
    states_tables,
)
from scipy import sparse

from sklearn_ctran._labels.known import encode_known
from sklearn_ctran._labels.targets import encode_extra_labels, encode_targets


@settings(PROFILE, max_examples=40)
@given(st.data())
def test_every_form_of_targets_gives_the_same_states(data):
    states = data.draw(learnable_tables())
    names = data.draw(label_names(states.shape[1]))
    forms = arrays(states) | {"sparse": sparse.csr_matrix(states)}
    for form, y in forms.items():
        targets = encode_targets(y)
        np.testing.assert_array_equal(targets.states, states, err_msg=form)
        assert targets.names.tolist() == list(range(len(names))) and not targets.exclusive
    order = data.draw(st.permutations(range(len(names))))
    for form, y in frames(states, names).items():
        targets = encode_targets(y.iloc[:, order])
        np.testing.assert_array_equal(targets.states, states[:, order], err_msg=form)
        assert targets.names.tolist() == [names[i] for i in order]


@settings(PROFILE, max_examples=40)
@given(st.data())
def test_every_form_of_extra_labels_gives_the_same_states(data):
    states = data.draw(learnable_tables())
    names = data.draw(label_names(states.shape[1]))
    for form, extra in (arrays(states) | {"sparse": sparse.csc_array(states)}).items():
        read, default_names = encode_extra_labels(extra)
        np.testing.assert_array_equal(read, states, err_msg=form)
        assert default_names.tolist() == [f"extra{i}" for i in range(len(names))]
    for form, extra in (frames(states, names) | columns(states, names)).items():
        read, read_names = encode_extra_labels(extra)
        np.testing.assert_array_equal(read, states, err_msg=form)
        assert read_names.tolist() == names


@settings(PROFILE, max_examples=80)
@given(st.data())
def test_every_form_of_what_is_known_gives_the_same_states(data):
    names = data.draw(label_names(6))
    n_targets = data.draw(st.integers(1, 6))
    states = data.draw(states_tables(n_columns=6)).copy()
    names, extra_names = names[:n_targets], names[n_targets:]
    groups = data.draw(groups_of(names)) | data.draw(
        groups_of(extra_names).map(lambda groups: {f"extra {k}": v for k, v in groups.items()})
    )
    both = names + extra_names
    for members in groups.values():  # a group's name tells all of its labels or none
        places = [both.index(member) for member in members]
        gaps = (states[:, places] < 0).any(axis=1)
        states[np.ix_(np.flatnonzero(gaps), places)] = -1
    of_targets = {k: v for k, v in groups.items() if set(v) <= set(names)}
    of_extra = {k: v for k, v in groups.items() if k not in of_targets}
    known = data.draw(known_in_any_form(states[:, :n_targets], names, of_targets))
    extra = None
    if extra_names:
        extra = data.draw(known_in_any_form(states[:, n_targets:], extra_names, of_extra))
    read = encode_known(
        known, extra, len(states), np.array(names, dtype=object), extra_names, groups
    )
    np.testing.assert_array_equal(read, states)
    assert read.dtype == np.int8
