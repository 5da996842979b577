"""Labels in, label states out."""
