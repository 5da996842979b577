"""CSV files: rows of texts, with the lines at which they begin."""

import codecs
import csv
import io
from collections import Counter

from sklearn_ctran._utils.files import file_status
from sklearn_ctran._utils.names import listed

#: What may stand between the cells of a row.
_DELIMITERS = ",;\t|"

#: The codes of texts that their first bytes give away.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

#: The first bytes of files that are compressed.
_COMPRESSED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


def read_csv(path, encoding=None, delimiter=None):
    """Names of the columns, a list of texts for each, and the line of each row.

    `encoding` None is UTF-8, or what the file's first bytes say; `delimiter` None is the one that
    the header has most of. Raises ValueError where the file is broken, with the line.
    """
    text = read_text(path, encoding, is_argument=True)
    delimiter = delimiter or _guess_delimiter(text)
    rows = _rows(text, delimiter, path)
    header = next(rows, None)
    if header is None:
        raise ValueError(f"{path} is empty: its first line must name the columns.")
    names = [name.strip() for name in header[1]]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"{path} has two columns of one name: {listed(twice)}. Rename one.")
    lines, kept = [], []
    for line, cells in rows:
        if len(cells) != len(names):
            raise ValueError(
                f"{path}, line {line} has {len(cells)} cells, but the header has {len(names)}, "
                f"with {delimiter!r} between them. Put quotes around a cell that has one in it, or "
                "say what is between cells: delimiter=';'."
            )
        lines.append(line)
        kept.append(cells)
    columns = [list(column) for column in zip(*kept, strict=True)] or [[] for _ in names]
    return names, columns, lines


def read_text(path, encoding=None, is_argument=False):
    """The text of a file; ValueError with the line if it is in another code, or is no text.

    `is_argument`: whether the user can say how it is encoded.
    """
    try:
        file_status(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {str(path)!r}.") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}, but a table is a file.") from None
    with open(path, "rb") as file:
        data = file.read()
    for mark, kind in _COMPRESSED.items():
        if data.startswith(mark):
            raise ValueError(f"{path} is compressed ({kind}): unpack it first.")
    if encoding is None:
        marks = [name for mark, name in _MARKS.items() if data.startswith(mark)]
        encoding = marks[0] if marks else "utf-8"
    try:
        text = data.decode(encoding)
    except LookupError:
        raise ValueError(f"encoding={encoding!r} is none that Python knows.") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        how = (
            " Say how the text is encoded: encoding='cp1252' is what Windows writes in Western "
            "Europe; or save it as UTF-8."
            if is_argument
            else " Is the file damaged? If it is a text in another code, save it as UTF-8."
        )
        raise ValueError(f"{path}, line {line} is not {encoding}.{how}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"{path}, line {line} has a character 0: it is no text, or damaged.")
    return text


def _guess_delimiter(text):
    """The delimiter that is most often in the header, outside of quotes."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _rows(text, delimiter, path):
    """Yield the line at which a row begins, and its cells; blank lines are passed over."""
    if len(delimiter) != 1:
        raise ValueError(f"delimiter must be one character, got {delimiter!r}.")
    # With newline="" a line break within quotes stays what it is.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(
                f"{path}: the row that begins in line {line} cannot be read: {error}. A quote "
                "inside of quotes is written twice."
            ) from None
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1
