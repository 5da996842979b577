"""What the tasks of ``compare`` returned, put together."""

import numpy as np

from sklearn_ctran._utils.warnings import warn


class Outcomes:
    """Collects the outcomes of tasks."""

    def __init__(self):
        self.runs = []  #: scores and seconds, as in Comparison
        self._errors = {}
        self._warnings = {}

    def add(self, task, outcome):
        """Add what :func:`run_task` returned for a task."""
        place = {"method": task.name, "seed": task.fold.seed, "fold": task.fold.number}
        self.runs += [{**place, **row} for row in outcome["rows"]]
        for text in outcome["warnings"]:
            self._warnings.setdefault(text, {})[task.name] = None
        if outcome["errors"]:
            errors = [{**place, **error} for error in outcome["errors"]]
            self._errors.setdefault(task.name, []).extend(errors)

    @property
    def errors(self):
        """Places and tracebacks of errors as texts, dict of method to list of str."""
        return {
            name: [f"{_place(error)}:\n{error['traceback']}" for error in errors]
            for name, errors in self._errors.items()
        }

    def warn(self, n_runs):
        """Issue the tasks' warnings, each text once, and one for each method that failed.

        `n_runs` is the number of fits of each method. If there is no score at all, raise
        RuntimeError.
        """
        if not self.runs:
            first = next(iter(self._errors.values()))[0]
            raise RuntimeError(
                f"Every method failed. The first error, of {_place(first)}: {first['message']}\n\n"
                f"{first['traceback']}"
            )
        for text, names in self._warnings.items():
            warn(f"{', '.join(map(repr, names))}: {text}")
        for name, errors in self._errors.items():
            n_failed = len({(error["seed"], error["fold"]) for error in errors})
            warn(
                f"{name!r} failed in {n_failed} of {n_runs} runs; all its errors are in the "
                f"comparison's errors[{name!r}]. The first: {errors[0]['message']}"
            )


def progress_line(task, outcome, is_loaded):
    """One line on a finished task."""
    if outcome["errors"]:
        what = f"failed: {outcome['errors'][0]['message']}"
    elif is_loaded:
        what = "from results_dir"
    else:
        seconds = np.mean([row["predict_seconds"] for row in outcome["rows"]])
        what = f"fit {outcome['rows'][0]['fit_seconds']:.1f} s, predict {seconds:.2f} s"
    return f"{place_of(task)}: {what}"


def place_of(task):
    """A task in words: its method, seed and fold."""
    return f"{task.name!r}, seed {task.fold.seed}, fold {task.fold.number}"


def _place(error):
    where = f", {error['where']}" if error["where"] else ""
    return f"{error['method']!r}, seed {error['seed']}, fold {error['fold']}{where}"
