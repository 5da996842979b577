"""The epoch on made photos: their sizes, and figures that fit together."""

import numpy as np
import pytest
from PIL import Image


def test_photos_have_the_sizes_of_cocos_and_differ(tmp_path):
    from coco_epoch import SIZES, as_pixels, make_photos

    paths = make_photos(tmp_path, 4, 0)
    sizes = []
    for path in paths:
        with Image.open(path) as photo:
            sizes.append(photo.size)
    assert tuple(sizes) == SIZES
    assert as_pixels(paths[0], 64).shape == (64, 64, 3)
    assert np.abs(as_pixels(paths[0], 64).astype(int) - as_pixels(paths[2], 64)).mean() > 10


def test_hours_follow_from_images_a_second(monkeypatch, capsys):
    import coco_epoch

    seconds = iter([8.0, 4.0, 16.0, 4.0, 8.0, 4.0])
    monkeypatch.setattr(coco_epoch, "epoch_seconds", lambda *args: next(seconds))
    monkeypatch.setattr("sys.argv", ["coco_epoch.py", "--tiny", "--n-images", "8"])
    coco_epoch.main()
    lines = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    shown = {line[0].strip(): line[1] for line in lines if len(line) == 2}
    assert shown["images/s"] == "1" and shown["images/s from memory"] == "2"
    assert shown["waiting for data, %"] == "50"
    # 50 epochs of 82,081 images, one a second.
    assert shown["hours of C-Tran, 50 epochs"] == "1,140"


@pytest.mark.filterwarnings("ignore:There is no")
def test_an_epoch_of_a_small_network_takes_time(tmp_path):
    from coco_epoch import TINY, epoch_seconds, make_photos

    from sklearn_ctran import recipes

    paths = make_photos(tmp_path, 4, 0)
    recipe = recipes.COCO80 | TINY | {"weights": None, "max_epochs": 1, "device": "cpu"}
    labels = np.arange(4 * 80).reshape(4, 80) % 3 == 0
    assert epoch_seconds(recipe, paths, labels, 0) > 0
