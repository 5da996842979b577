"""Warnings that point at the line of user code that called the package, each of them once."""

import contextlib
import sys
import warnings
from contextvars import ContextVar

_PACKAGES = ("sklearn_ctran.", "sklearn.", "skorch.", "torch.", "joblib.")

_said = set()

#: What each `each_once` around has issued, and what it leaves out.
_scopes: ContextVar = ContextVar("scopes of warnings", default=())


def warn(message, category=UserWarning, topic=None):
    """Issue a warning at the first caller outside of this package and the packages that it uses.

    `topic` is for messages with numbers or rows, which differ from fold to fold: of one topic, the
    first is issued in a search or cross-validation.

    Python shows a warning once for each line, but forgets what it has shown whenever anybody enters
    ``warnings.catch_warnings``, as scikit-learn does for each fit of a search. Here it is kept.
    """
    scopes = _scopes.get()
    text = topic or message
    if any(message.startswith(out) or (text, category) in said for said, out in scopes):
        return
    for said, _ in scopes:
        said.add((text, category))
    level, frame, has_folds = 1, sys._getframe(), False
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_PACKAGES):
        has_folds |= frame.f_globals["__name__"].startswith("sklearn.model_selection.")
        level, frame = level + 1, frame.f_back
    if _is_shown_once(message, category, frame):
        text = text if has_folds else message
        place = text, category, frame.f_code.co_filename, frame.f_lineno
        if place in _said:
            return
        _said.add(place)
    warnings.warn(message, category, stacklevel=level)


def _is_shown_once(message, category, frame):
    """Whether a warning is shown, and by the filters not each time that it is issued."""
    show = getattr(warnings, "_showwarnmsg_impl", None)
    if isinstance(getattr(show, "__self__", None), list):  # catch_warnings(record=True)
        return False
    module = frame.f_globals.get("__name__", "")
    for action, text, kind, where, line in warnings.filters:
        if (
            issubclass(category, kind)
            and (text is None or text.match(message))
            and (where is None or getattr(where, "match", where.__eq__)(module))
            and line in (0, frame.f_lineno)
        ):
            return action in ("default", "module", "once")
    return True


@contextlib.contextmanager
def each_once(leave_out=()):
    """Issue each different warning of this package inside once, in whatever way Python shows it.

    Those that begin with `leave_out`, a text or a tuple of texts, are not issued. Other threads are
    not touched.
    """
    token = _scopes.set((*_scopes.get(), (set(), leave_out)))
    try:
        yield
    finally:
        _scopes.reset(token)
