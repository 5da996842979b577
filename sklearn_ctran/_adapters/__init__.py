"""Fit any estimator and get its probabilities, of this package or of scikit-learn."""
