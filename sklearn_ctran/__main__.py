"""``sklearn-ctran`` and ``python -m sklearn_ctran``."""

import sys


def main():
    """Run the command line on the arguments of this process, and end it with the exit code."""
    try:
        import typer  # noqa: F401
    except ImportError:
        sys.exit('The command line needs typer: pip install "sklearn-ctran[cli]"')
    from sklearn_ctran._cli.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
