"""What was found in a source of tags, and by which argument it is put right."""

from dataclasses import dataclass, field

from sklearn_ctran._utils.names import listed


@dataclass(repr=False)
class TagSummary:
    """What :func:`load_tags` found; ``print`` it.

    Attributes
    ----------
    source : str
        The table or file.
    form : str
        How it writes labels, in words.
    n_rows, n_images, n_labels : int
        Rows of the source; images and labels of the result.
    n_positive, n_negative, n_unknown : int
        Entries of the result.
    missing_files : list of str
        Paths, as they are written, where there is no file.
    action : str
        What was done about them: "skip" or "keep".
    unlisted_files : list of str
        Images in the folder without a row, relative to it; looked for if ``images=`` is given.
    repeated_paths : list of str
        Paths that several rows have.
    conflicts : list of tuple
        (path, label) where one row or column says 1 and another 0; the label is unknown.
    spellings : list of list of str
        Labels that differ in capital letters, spaces, "_" and "-" only, the most frequent first.
    rare_labels : list of str
        Labels that were left out because of ``min_count``.
    without_label : list of str
        Paths of images of which no label is known.
    notes : list of str
        What else a format has to say.
    fixes : dict
        What was asked for: name of an argument -> value.
    """

    source: str
    form: str
    n_rows: int = 0
    n_images: int = 0
    n_labels: int = 0
    n_positive: int = 0
    n_negative: int = 0
    n_unknown: int = 0
    missing_files: list = field(default_factory=list)
    action: str = "skip"
    unlisted_files: list = field(default_factory=list)
    repeated_paths: list = field(default_factory=list)
    conflicts: list = field(default_factory=list)
    spellings: list = field(default_factory=list)
    rare_labels: list = field(default_factory=list)
    without_label: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    fixes: dict = field(default_factory=dict)

    def __str__(self):
        lines = [
            f"{self.source}: {counted(self.n_rows, 'row')}, {self.form}",
            f"{counted(self.n_images, 'image')}, {counted(self.n_labels, 'label')}: "
            f"{self.n_positive:,} positive, {self.n_negative:,} negative and "
            f"{self.n_unknown:,} unknown entries",
        ]
        return "\n".join(lines + list(self._findings()))

    __repr__ = __str__

    def _findings(self):
        """Yield a line for each thing that was found."""
        if self.missing_files:
            done = "were left out" if self.action == "skip" else "are kept"
            yield f"{_some(self.missing_files, 'row')} without a file {done}"
        if self.unlisted_files:
            done = (
                "taken in without labels"
                if self.fixes.get("unlisted") == "unknown"
                else "not used; unlisted='unknown' takes them in without labels"
            )
            yield f"{_some(self.unlisted_files, 'image')} in the folder without a row: {done}"
        if self.repeated_paths:
            done = (
                "their labels are united"
                if self.fixes.get("duplicates") == "merge"
                else "the first row counts"
            )
            yield f"{_some(self.repeated_paths, 'path')} in several rows: {done}"
        if self.conflicts:
            shown = [f"{path}: {label}" for path, label in self.conflicts]
            yield f"{_some(shown, 'entry', 'entries')} both 1 and 0: unknown"
        if self.spellings:
            done = (
                "made one"
                if self.fixes.get("merge_spellings")
                else "merge_spellings=True makes them one"
            )
            shown = [" = ".join(variants) for variants in self.spellings]
            yield f"{_some(shown, 'label')} in several spellings: {done}"
        if self.rare_labels:
            n = self.fixes.get("min_count")
            yield f"{_some(self.rare_labels, 'label')} with less than {n} positives: left out"
        if self.without_label:
            yield f"{_some(self.without_label, 'image')} without any known label"
        yield from self.notes


def counted(n, word, plural=None):
    """A number and a word: "1 row", "2 rows"."""
    return f"{n:,} {word if n == 1 else plural or word + 's'}"


def _some(items, word, plural=None):
    """Say how many there are, and name some: "2 rows ('a', 'b')"."""
    return f"{counted(len(items), word, plural)} ({listed(items, most=3)})"
