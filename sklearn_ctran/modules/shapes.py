"""Shapes of tensors, for networks that may be exported."""


def split_axis(x, axis, sizes):
    """``x.unflatten(axis, sizes)``; in exported networks, the number of samples stays free."""
    return x.reshape(*x.shape[:axis], *sizes, *x.shape[axis + 1 :])
