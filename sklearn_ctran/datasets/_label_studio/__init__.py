"""What Label Studio's labeling configurations and annotations say about labels."""
