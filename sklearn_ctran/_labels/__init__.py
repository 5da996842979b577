"""From labels, in any form users have them, to label states."""
