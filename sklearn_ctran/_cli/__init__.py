"""The command line, ``sklearn-ctran``."""
