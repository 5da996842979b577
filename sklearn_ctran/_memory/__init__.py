"""What a fitted model remembers of its training rows, and how predictions recall it."""
