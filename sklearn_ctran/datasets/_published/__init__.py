"""Published data sets: from their official files to a Bunch."""
