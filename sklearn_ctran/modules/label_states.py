"""The states of a label: what a model is told of it."""

UNKNOWN, NEGATIVE, POSITIVE = -1, 0, 1
