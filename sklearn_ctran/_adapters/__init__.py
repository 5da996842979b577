"""Fit and ask any estimator, of this package or of scikit-learn."""
