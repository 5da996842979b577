"""The tests with the lowest and with the newest versions of all dependencies: ``nox``.

``pip install nox[uv]``. CI runs the same two on three systems.
"""

import nox

nox.options.default_venv_backend = "uv"
#: Warnings of dependencies that are not of these versions are no errors.
LENIENT = ("-W", "default::DeprecationWarning", "-W", "default::FutureWarning")


@nox.session(python="3.11")
@nox.parametrize("resolution", ["lowest-direct", "highest"])
def tests(session, resolution):
    """Run the tests."""
    session.install("--resolution", resolution, "-e", ".[test]")
    session.run("uv", "pip", "list", external=True)
    lenient = LENIENT if resolution == "lowest-direct" else ()
    session.run("python", "-m", "pytest", *lenient, *session.posargs)
