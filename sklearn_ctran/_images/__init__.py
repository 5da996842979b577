"""Images in, image tokens out."""
