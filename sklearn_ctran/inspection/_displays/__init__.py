"""Pictures of what the functions of this package compute, one class each, as in scikit-learn.

matplotlib is imported when something is drawn, never before.
"""
