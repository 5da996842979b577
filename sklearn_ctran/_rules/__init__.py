"""Labels that exclude or imply each other."""
