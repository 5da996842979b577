"""encode_tokens: a fit afterwards makes no pass, whatever dies or is broken meanwhile."""

from pathlib import Path

import numpy as np
import pytest
from small_models import n_seen, quick
from tars import write_shards

from sklearn_ctran import TokenCache, encode_tokens
from sklearn_ctran._scale import encoding
from sklearn_ctran.datasets import load_shards


def fit(settings, photos):
    return quick(**settings, train_backbone=False).fit(*photos)


@pytest.mark.parametrize("n_views", [1, 2])
def test_a_fit_afterwards_makes_no_pass(settings, log, photos, n_views):
    settings["n_views"] = n_views
    assert encode_tokens(photos[0], **settings) == {}
    assert n_seen(log) == 30 * n_views
    model = fit(settings, photos)
    assert n_seen(log) == 30 * n_views
    alone = fit(settings | {"cache": None}, photos)
    assert np.array_equal(model.predict_proba(photos[0]), alone.predict_proba(photos[0]))


def test_images_in_tar_files(settings, log, tmp_path):
    """Workers would get places, and read the tar files themselves."""
    shards = load_shards(write_shards(tmp_path)[0])
    assert encode_tokens(shards.images, **settings) == {}
    assert n_seen(log) == 60
    fit(settings, (shards.images, shards.Y))
    assert n_seen(log) == 60


def test_it_goes_on_where_it_was(settings, log, photos):
    encode_tokens(photos[0][:10], **settings)
    encode_tokens(iter(photos[0]), **settings)
    assert n_seen(log) == 30


def test_images_that_cannot_be_read(settings, log, photos):
    """All others are in the cache; rows count over all parts."""
    paths, _ = photos
    content = Path(paths[9]).read_bytes()
    Path(paths[9]).write_bytes(content[: len(content) // 2])
    paths[21] = paths[21] + ".gone"
    with pytest.raises(ValueError, match=r"(?s)2 of 30 images.*row 9: .*9\.png.*row 21: .*gone"):
        encode_tokens(paths, **settings)
    assert n_seen(log) == 28
    skipped = encode_tokens(paths, **settings, on_error="skip")
    assert list(skipped) == [9, 21]
    assert "21.png.gone" in skipped[21]
    assert n_seen(log) == 28
    with pytest.warns(UserWarning, match="(?s)2 of 30.*They have no tokens"):
        encode_tokens(paths, **settings, on_error="warn")


def test_only_unreadable_images(settings, log, photos):
    with pytest.raises(FileNotFoundError, match="row 0: "):
        encode_tokens([photos[0][0] + ".gone"], **settings)


@pytest.mark.filterwarnings("ignore:The token cache in")
def test_the_cache_must_hold_all(settings, tmp_path, photos):
    settings["cache"] = TokenCache(tmp_path / "cache", max_size=9 * 4 * 8 * 20)
    with pytest.raises(
        ValueError, match="tokens of 30 images take 8.64 kB, but .* at most 5.76 kB"
    ):
        encode_tokens(photos[0], **settings)
    settings["cache"] = TokenCache(tmp_path / "other", max_size=100)
    with pytest.raises(OSError, match="has no room for more tokens"):
        encode_tokens(iter(photos[0]), **settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cache": None}, "cache=None does not outlive"),
        ({"cache": "memory"}, "cache='memory' does not outlive"),
        ({"cache": TokenCache()}, r"cache=TokenCache\(\) does not outlive"),
        ({"backbone": "small"}, "random_state"),
        ({"backbone": "resnet18", "weights": None}, "random_state"),
        ({"backbone": None}, "backbone=None"),
        ({"paths": []}, "paths is empty"),
        ({"paths": iter(())}, "paths is empty"),
        ({"batch_size": 0}, "batch_size"),
        ({"client": "tcp://host"}, "client must be None or a dask"),
    ],
)
def test_errors_before_the_first_pass(settings, log, photos, changes, message):
    arguments = {"paths": photos[0]} | settings | changes
    with pytest.raises((ValueError, TypeError), match=message):
        encode_tokens(**arguments)


def test_workers_that_compute_other_tokens_are_an_error(settings, photos, monkeypatch):
    spaces = iter(["here"] + ["there"] * 9)
    monkeypatch.setattr(encoding.ImageTokens, "_space", lambda self: next(spaces))
    with pytest.raises(ValueError, match="A worker computes other tokens"):
        encode_tokens(photos[0], **settings)


def test_a_cache_that_is_not_shared(settings, photos, monkeypatch):
    monkeypatch.setattr(encoding.os.path, "exists", lambda path: not path.endswith(".tokens"))
    with pytest.raises(FileNotFoundError, match="all machines share"):
        encode_tokens(photos[0], **settings)


def test_progress(settings, photos, capsys):
    encode_tokens(photos[0], **settings)
    assert capsys.readouterr() == ("", "")
    encode_tokens(photos[0], **settings, verbose=1)
    out, err = capsys.readouterr()
    assert out == "" and "image tokens: 100% 30/30" in err
