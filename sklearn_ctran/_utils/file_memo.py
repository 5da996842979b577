"""What was found out about files, as long as they do not change."""

import threading
import time

# A file that changed less than this ago may change again without new time stamps.
_SETTLED_NS = 2_000_000_000


class FileMemo:
    """Values by the state of a file, such as its path, size and time stamps.

    It is emptied when it has `most` entries.
    """

    def __init__(self, most):
        self.most = most
        self._values = {}
        self._lock = threading.Lock()

    def __len__(self):
        return len(self._values)

    def get(self, state):
        """The value that was kept under a state, or None."""
        return self._values.get(state)

    def keep(self, state, value, times):
        """Keep a value, unless the file's `times` (ns) are so late that it may change unseen."""
        if time.time_ns() - max(times) <= _SETTLED_NS:
            return
        with self._lock:
            if len(self._values) >= self.most:
                self._values.clear()
            self._values[state] = value

    def clear(self):
        """Forget all values."""
        self._values.clear()
