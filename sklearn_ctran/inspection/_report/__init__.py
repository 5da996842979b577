"""The report: one HTML page of all that matters of a fitted estimator."""
