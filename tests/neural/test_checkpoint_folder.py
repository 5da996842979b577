"""A directory that holds one state of one fit, whatever happens to the process or the disk."""

import json
import os
import shutil
import threading

import pytest
import torch

from sklearn_ctran._neural import checkpoint_folder as module
from sklearn_ctran._neural.checkpoint_folder import CheckpointFolder, checkpoint_folder

FIT = {"the images": "abc", "lr": "0.1"}


def state(number):
    return {"weights": torch.full((1000,), float(number)), "names": ["a", None], "n": number}


def written(path, *numbers):
    folder = CheckpointFolder(path)
    folder.read(FIT)
    for number in numbers:
        folder.write(state(number), f"{number} of 9 epochs")
    return folder


def held(path):
    found = CheckpointFolder(path).read(FIT)
    return None if found is None else found["n"]


def test_the_last_state_is_read(tmp_path):
    assert held(tmp_path) is None
    written(tmp_path, 1, 2, 3)
    found = CheckpointFolder(tmp_path).read(FIT)
    assert torch.equal(found["weights"], state(3)["weights"]) and found["names"] == ["a", None]
    assert len(list(tmp_path.iterdir())) == 2  # the state and the header


@pytest.mark.parametrize("place", ["_Summed.write", "os.replace", "sync_folder", "os.fsync"])
def test_a_write_that_fails_leaves_the_last_state(monkeypatch, tmp_path, place):
    folder = written(tmp_path, 1)

    def fails(*args):
        raise OSError(28, "No space left on device")

    owner, _, name = f"checkpoint_folder.{place}".rpartition(".")
    target = module
    for part in owner.split(".")[1:]:
        target = getattr(target, part)
    monkeypatch.setattr(target, name, fails)
    with pytest.warns(UserWarning, match=r"2 of 9 epochs.*No space left.*training goes on"):
        folder.write(state(2), "2 of 9 epochs")
    monkeypatch.undo()
    assert held(tmp_path) == 1
    folder.write(state(3), "3 of 9 epochs")
    assert held(tmp_path) == 3


def test_what_is_left_of_a_kill_is_written_over(tmp_path):
    folder = written(tmp_path, 1)
    (tmp_path / "state-1.pt").write_bytes(b"half a st")
    (tmp_path / "fit.json.tmp").write_bytes(b"{")
    assert held(tmp_path) == 1
    folder.write(state(2), "2 of 9 epochs")
    assert held(tmp_path) == 2
    assert {each.name for each in tmp_path.iterdir()} == {"state-1.pt", "fit.json"}


@pytest.mark.parametrize(
    "fit, message",
    [
        (FIT | {"lr": "0.2"}, r"holds another fit \(1 of 9 epochs\): lr was 0.1 and is 0.2"),
        (FIT | {"the images": "xyz"}, "the images are others"),
        (FIT | {"dropout": "0.5"}, "dropout was not there and is 0.5"),
        ({"the images": "abc"}, "lr was 0.1 and is not there"),
    ],
)
def test_another_fit_is_refused_with_what_differs(tmp_path, fit, message):
    written(tmp_path, 1)
    with pytest.raises(ValueError, match=f"{message}.*delete this one to begin anew"):
        CheckpointFolder(tmp_path).read(fit)


def test_a_damaged_state_is_refused(tmp_path):
    written(tmp_path, 1)
    (path,) = tmp_path.glob("*.pt")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="state-0.pt' is damaged"):
        held(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b"null", b"\xff", b'{"format": 2, "state": "state-0.pt", "fit": {}}']
    + [json.dumps({"format": 1, "fit": {}, "state": name}).encode() for name in ("../x", 3)]
    + [json.dumps({"format": 1, "fit": [], "state": "state-0.pt"}).encode()],
)
def test_a_header_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "fit.json").write_bytes(content)
    with pytest.raises(ValueError, match="fit.json' cannot be read"):
        held(tmp_path)


def test_a_state_that_is_gone_is_an_error(tmp_path):
    written(tmp_path, 1)
    (tmp_path / "state-0.pt").unlink()
    with pytest.raises(FileNotFoundError, match="state-0.pt"):
        held(tmp_path)


def test_a_directory_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="holds other files, such as 'thesis.tex'"):
        held(tmp_path)


def test_a_state_never_runs_code(tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    written(tmp_path, 1).write({"weights": Hostile()}, "2 of 9 epochs")
    with pytest.raises(Exception, match="(?i)weights"):
        held(tmp_path)
    assert not (tmp_path / "made").exists()


def test_one_fit_at_a_time(tmp_path):
    with checkpoint_folder(tmp_path / "new" / "one"):
        pass
    with checkpoint_folder(tmp_path):
        second = checkpoint_folder(str(tmp_path))
        with pytest.raises(RuntimeError, match="another fit uses"):
            second.__enter__()
    found = []

    def use():
        try:
            with checkpoint_folder(tmp_path):
                found.append("used")
        except RuntimeError:
            found.append("refused")

    with checkpoint_folder(tmp_path):
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    use()
    assert found == ["refused", "used"]


def test_none_is_no_folder():
    with checkpoint_folder(None) as folder:
        assert folder is None


def test_where_nothing_can_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").touch()
    folder = checkpoint_folder(tmp_path / "file")
    with pytest.raises(OSError, match="checkpoint: nothing can be written to .*file"):
        folder.__enter__()


def test_too_little_space_is_told(monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage._replace(free=5_000_000))
    folder = CheckpointFolder(tmp_path)
    folder.check_space(2_500_000)
    with pytest.raises(OSError, match="5 MB of free space, but this fit needs 6 MB"):
        folder.check_space(3_000_000)
