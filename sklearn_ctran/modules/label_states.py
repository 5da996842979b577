"""The states of a label, as every part of the package writes them."""

UNKNOWN, NEGATIVE, POSITIVE = -1, 0, 1
