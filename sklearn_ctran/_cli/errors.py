"""What becomes of errors: a line on standard error, and an exit code.

======  =============================================================================
0       The command did what it was asked to.
1       It could not: a file, a table, a model, an image, memory. Also a question
        that was answered with no, and a reader of standard output who has left.
2       The command line cannot be understood. Nothing was done.
130     Ctrl-C.
======  =============================================================================
"""

import contextlib
import os
import sys
import traceback
import warnings

import typer

from sklearn_ctran._cli.wording import as_options

FAILED, INTERRUPTED = 1, 130
#: Raised where files or arguments are wrong; their texts are for people.
_EXPECTED = (ValueError, TypeError, OSError, ImportError, RuntimeError)


@contextlib.contextmanager
def reported(debug=False, options=()):
    """Turn errors into lines on standard error and typer's Exit; warnings into lines.

    With `debug`, the traceback comes before the line. `options` are the names of the command's
    options: lines name them instead of arguments in Python.
    """

    def show_warning(message, category, filename, lineno, file=None, line=None):
        print(f"warning: {as_options(str(message), options)}", file=sys.stderr, flush=True)

    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        try:
            yield
        except BrokenPipeError:
            _close_output()
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            _fail("interrupted", debug)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if _is_of_typer(error):
                raise
            _fail(f"error: {as_options(_in_words(error), options)}", debug)
            raise typer.Exit(FAILED) from None


def _fail(line, debug):
    if debug:
        traceback.print_exc()
    print(line, file=sys.stderr, flush=True)


def _in_words(error):
    """What an error says; where it was not meant for people, what to do about it."""
    if isinstance(error, MemoryError):
        return "There is not enough memory. Smaller batches need less: --batch-size."
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.strerror}: {os.fsdecode(error.filename)}"
    kind, text = type(error).__name__, str(error)
    if isinstance(error, _EXPECTED) and text:
        return text
    return f"{kind}: {text}\nThis should not happen. --debug shows where; please report it."


def _is_of_typer(error):
    """Whether typer itself turns an error into words and an exit code (wrong usage, ...)."""
    return any(kind.__module__.startswith(("typer.", "click.")) for kind in type(error).__mro__)


def _close_output():
    """Nobody reads standard output any more: let Python's last flush of it go nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # It may be no file, or None.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
