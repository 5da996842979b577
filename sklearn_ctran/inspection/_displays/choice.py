"""Which labels are in a picture: those asked for, or as many as can be read."""

from sklearn_ctran._utils.checks import check_count
from sklearn_ctran._utils.names import as_names, did_you_mean, listed


def check_most(max_labels):
    """Raise ValueError unless `max_labels` is "auto" or a number above 0."""
    if not (isinstance(max_labels, str) and max_labels == "auto"):
        check_count("max_labels", max_labels)


def positions_of(labels, names, what="labels"):
    """The positions of some labels, a list; `what` is the argument's name, for errors.

    Raises ValueError if it is no list of labels, or empty.
    """
    if isinstance(labels, (str, bytes)) or not hasattr(labels, "__iter__"):
        raise ValueError(f"{what} must be a list of names of labels, got {labels!r}.")
    names, labels = as_names(names).tolist(), as_names(labels).tolist()
    if not labels:
        raise ValueError(f"{what} is empty: name at least one label.")
    for label in labels:
        if label not in names:
            raise ValueError(
                f"{label!r}, in {what}, is not a label here.{did_you_mean(label, names)} The "
                f"labels are {listed(names)}."
            )
    return [names.index(label) for label in labels]


def chosen(order, names, labels, max_labels, fit):
    """Positions of the labels to show, a list, the most important first.

    `order` has positions of all that could be shown, the most important first. Those named in
    `labels` are shown, whatever their number; or the first `max_labels`, of which "auto" takes
    those that `fit`.
    """
    check_most(max_labels)
    if labels is not None:
        return positions_of(labels, names)
    return list(order)[: max(1, fit) if max_labels == "auto" else max_labels]


def left_out_note(n_shown, n_all, rule, what="labels"):
    """What a picture says of those that are left out; "" if there are none."""
    return f"{n_shown} of {n_all} {what}: {rule}" if n_shown < n_all else ""
