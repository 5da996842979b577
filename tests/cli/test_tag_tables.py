"""Options for tables are the arguments of ``load_tags``."""

import inspect
import json
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from sklearn_ctran import datasets
from sklearn_ctran._cli.output import Console
from sklearn_ctran._cli.tag_tables import READERS, TagTable


@pytest.fixture
def table(tmp_path):
    """A table of two images, of which one has a file."""
    (tmp_path / "a.jpg").touch()
    path = tmp_path / "tags.tsv"
    path.write_text("file\tred, white\tbig\tcity\na.jpg\tyes\tno\tRome\nb.jpg\tno\t\tOslo\n")
    return path


@pytest.mark.parametrize("field", fields(TagTable), ids=lambda field: field.name)
def test_options_are_arguments_of_readers(field):
    """With the default of one of them: as text, where the argument may be anything."""
    readers = [getattr(datasets, name) for name in READERS.values()]
    found = [inspect.signature(reader).parameters.get(field.name) for reader in readers]
    defaults = [parameter.default for parameter in found if parameter is not None]
    assert str(field.default) in map(str, defaults) or field.name == "format"


def test_formats(tmp_path):
    assert TagTable().is_table(tmp_path / "a.CSV")
    assert not TagTable().is_table(tmp_path / "a.jpg")
    assert TagTable(format="label-studio").is_table(tmp_path / "a.json")
    with pytest.raises(typer.BadParameter, match="'a.json' is no table: --format is one of"):
        TagTable().read(Path("a.json"), Console())
    with pytest.raises(typer.BadParameter, match="There is no format 'odd'"):
        TagTable(format="odd").read(Path("a.json"), Console())


def test_an_option_of_another_format(table):
    with pytest.raises(typer.BadParameter, match="--empty is not for the format 'table'"):
        TagTable(empty="negative").read(table, Console())
    with pytest.raises(typer.BadParameter, match="--split-column is not for the format 'label"):
        TagTable(format="label-studio").read(table, Console(), split_column="part")


def test_annotations_of_coco(tmp_path):
    (tmp_path / "a.jpg").touch()
    file = tmp_path / "instances.json"
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 1, 1]}],
        "categories": [{"id": 5, "name": "cat"}],
    }
    file.write_text(json.dumps(content))
    options = TagTable(format="coco", on_missing_file="keep", unannotated="unknown")
    target = options.read(file, Console()).target
    assert target["cat"].fillna(-1).to_dict() == {"a.jpg": 1, "b.jpg": -1}


def test_a_file_of_fiftyone(tmp_path):
    """`missing` has no default there, and the reader says so in the words of the options."""
    options = TagTable(format="fiftyone", missing="negative")
    with pytest.raises(FileNotFoundError):
        options.read(tmp_path / "labels.json", Console())
    with pytest.raises(typer.BadParameter, match="--missing is needed for the format 'fiftyone'"):
        TagTable(format="fiftyone").read(tmp_path / "labels.json", Console())


def test_an_export_of_label_studio(tmp_path):
    (tmp_path / "a.jpg").touch()
    result = {"type": "choices", "from_name": "t", "to_name": "i", "value": {"choices": ["cat"]}}
    task = {"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [result]}]}
    export = tmp_path / "export.json"
    export.write_text(json.dumps([task]))
    data = TagTable(format="label-studio").read(export, Console())
    assert data.target.to_dict() == {"cat": {"a.jpg": 1.0}}


def test_reads_what_the_options_say(table, capsys, monkeypatch):
    tags = TagTable(
        label_columns='"red, white",big',
        extra_columns="city",
        positive="yes",
        negative="no",
        on_missing_file="skip",
        delimiter=r"\t",
    )
    data = tags.read(table, Console())
    assert data.target.columns.tolist() == ["red, white", "big"]
    assert data.target.to_numpy().tolist() == [[1, 0]]
    assert data.groups == {"city": ("city=Oslo", "city=Rome")}
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    tags.read(table, Console())
    assert "1 row ('b.jpg') without a file left out" in capsys.readouterr().err.replace("were ", "")


def test_images_without_labels(table):
    options = TagTable(column="city", missing="negative", on_missing_file="keep")
    data = options.read(table, Console(), with_labels=False, path_column="file")
    assert data.target.shape == (2, 0) and len(data.images) == 2
