"""The command line in this process."""

import pytest
from command_line import invoke

from sklearn_ctran._cli.app import app


@pytest.fixture
def cli():
    """A function that runs a command line, a list of arguments; what it returns has exit_code,
    stdout and stderr."""

    def run(*arguments, **options):
        return invoke(app, arguments, **options)

    return run
