"""What a cache says that it holds."""

import os
import re


def test_info(cache, ask, counting, segment_files, row_bytes):
    assert "empty" in str(cache.info())
    assert not os.path.exists(cache.location)
    backbone = counting(range(5))
    cache.tokens("aa", backbone.keys, backbone, label="mobilenet_v2, image_size 224")
    ask(cache, range(3), space="bb", shape=(2, 2))
    info = cache.info()
    assert info.location == cache.location
    assert info.bytes == 5 * row_bytes + 3 * 16
    assert info.bytes == sum(path.stat().st_size for path in segment_files(cache.location))
    first = info.spaces[1]
    assert first["label"] == "mobilenet_v2, image_size 224"
    assert (first["space"], first["images"], first["bytes"]) == ("aa", 5, 5 * row_bytes)
    assert (first["dtype"], first["shape"]) == ("float32", (3, 4))
    lines = str(info).splitlines()
    assert lines[0].startswith(f"TokenCache at {cache.location}: 288 B of at most")
    assert lines[1].split() == ["label", "images", "size", "dtype", "shape", "last", "used"]
    assert lines[2].startswith("bb  ")
    cells = re.split(r"\s{2,}", lines[3])
    assert cells[:-1] == ["mobilenet_v2, image_size 224", "5", "240 B", "float32", "3 x 4"]
    assert cells[-1] == f"{first['last_used']:%Y-%m-%d %H:%M}"


def test_label_is_kept(cache, counting, key):
    for label in ("small", "", "small, 32"):
        cache.tokens("aa", [key(0)], counting([0]), label=label)
        assert cache.info().spaces[0]["label"] == (label or "small")
