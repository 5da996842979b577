"""From images, in any form users have them, to image tokens."""
