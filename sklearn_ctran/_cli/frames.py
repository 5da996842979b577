"""Tables of results: as files, as text on standard output, and for JSON."""

from sklearn_ctran._utils.files import replacing, writable

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def write_frame(frame, path):
    """Write a data frame to a CSV, TSV or Parquet file (Path), at once and completely.

    A file that is there is replaced. Raises ValueError for another ending.
    """
    check_suffix(path)
    suffix = path.suffix.lower()
    with replacing(path) as unfinished:
        if suffix == ".parquet":
            frame.to_parquet(unfinished, index=False)
        else:
            text = as_text(frame, _SEPARATORS[suffix])
            unfinished.write_text(text, encoding="utf-8", newline="")


def check_writable(path, example):
    """Raise ValueError or OSError unless a table can be written to `path` (Path)."""
    writable(path, example)
    check_suffix(path)


def check_suffix(path):
    """Raise ValueError unless the ending of `path` (Path) is that of a table."""
    if path.suffix.lower() not in (*_SEPARATORS, ".parquet"):
        raise ValueError(f"{path}: tables are written as .csv, .tsv or .parquet.")


def as_text(frame, separator=","):
    """A data frame as the text of a CSV file; an empty cell is a missing value."""
    return frame.to_csv(index=False, sep=separator, float_format="%.6g", lineterminator="\n")


def as_records(frame):
    """A data frame as a list of dicts, for JSON."""
    return frame.to_dict(orient="records")
