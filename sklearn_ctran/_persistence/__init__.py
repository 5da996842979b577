"""One file for a fitted estimator: tensors and JSON, no pickle, no code."""
