"""What a fitted estimator knows: interventions, the next question, label errors, missing labels."""
