"""Rows as lines of CSV."""

import csv


class _Echo:
    """A file of which each ``write`` returns what is written."""

    @staticmethod
    def write(text):
        return text


def csv_lines(rows, delimiter=","):
    """Yield each row of cells as a line without its end; what needs quotes has them.

    A writer whose lines end in "\\n" would leave a cell with "\\r" in it without quotes.
    """
    writer = csv.writer(_Echo, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        yield writer.writerow(row)[:-2]


def csv_text(rows, delimiter=","):
    """Rows as a text whose lines end in "\\n"."""
    return "".join(f"{line}\n" for line in csv_lines(rows, delimiter))
