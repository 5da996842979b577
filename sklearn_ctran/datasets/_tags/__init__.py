"""Tables of tags: what they say of which image, what is wrong in them, and how it is put right."""
