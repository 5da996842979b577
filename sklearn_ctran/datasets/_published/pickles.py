"""Pickles of texts, numbers and lists; nothing that a pickle could run is run."""

import pickle


class _Plain(pickle.Unpickler):
    def find_class(self, module, name):
        raise ValueError(f"it names {module}.{name}, which may be code")


def read_pickle(path):
    """What a pickle of Python 2 or 3 holds: None, texts, numbers, tuples, lists, dicts.

    Raises ValueError if it is broken, or holds anything else, which is not even made.
    """
    try:
        with open(path, "rb") as file:
            # Texts of Python 2 are bytes of some code; most are ASCII.
            return _Plain(file, encoding="utf-8", errors="surrogateescape").load()
    except Exception as error:  # What a broken pickle raises depends on where it is broken.
        reason = str(error) or type(error).__name__
        raise ValueError(
            f"{path} cannot be read: {reason.rstrip('.')}. Is the file complete? Only pickles "
            "of texts, numbers, lists and dicts are."
        ) from None
