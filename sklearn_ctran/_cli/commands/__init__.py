"""A module for each command; what one needs beside the standard library is imported when it runs.

So ``--help`` takes no longer than typer does.
"""
