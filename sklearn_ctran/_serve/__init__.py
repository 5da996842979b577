"""A machine learning backend for Label Studio: it predicts, and learns from the annotations."""
