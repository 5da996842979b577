"""The states of a label, as the model sees them."""

UNKNOWN, NEGATIVE, POSITIVE = -1, 0, 1
