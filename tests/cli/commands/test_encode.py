"""``encode``."""

import json

import pytest

from sklearn_ctran import ImageTokens, TokenCache


def test_images_are_in_the_cache_for_later_fits(cli, desk, small):
    shown = cli("encode", "photos", "--cache", "tokens", *small)
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout == "The cache tokens has the tokens of 60 of 60 images.\n"
    assert TokenCache("tokens").info().spaces[0]["images"] == 60
    tokens = ImageTokens("small", image_size=None, cache="tokens", random_state=0)
    tokens.fit_transform([str(desk / "photos" / "000.png")])
    assert [space["images"] for space in TokenCache("tokens").info().spaces] == [60]


def test_images_that_cannot_be_read(cli, desk, small):
    (desk / "photos" / "broken one.jpg").write_text("no")
    shown = cli("encode", "photos", "--cache", "tokens", *small)
    assert shown.exit_code == 1
    assert "broken one.jpg: cannot be read as an image" in shown.stderr
    assert TokenCache("tokens").info().spaces[0]["images"] == 60


@pytest.mark.filterwarnings("default")
def test_images_are_left_out_and_named(cli, desk, small):
    (desk / "photos" / "broken.jpg").write_text("no")
    shown = cli("encode", "photos", "--cache", "tokens", "--json", "--skip-unreadable", *small)
    assert shown.exit_code == 0
    assert shown.stderr.startswith("warning: 1 of 61 images cannot be read:")
    told = json.loads(shown.stdout)
    assert told["encoded"] == 60 and told["images"] == 61
    (skipped,) = told["skipped"]
    assert skipped["path"].endswith("broken.jpg") and "cannot be read" in skipped["reason"]


def test_wrong_usage(cli, desk):
    assert cli("encode", "photos").exit_code == 2
    assert cli("encode", "photos", "--cache", "tokens", "--image-size", "big").exit_code == 2
    shown = cli("encode", "photos", "--cache", "tokens", "--backbone", "resnet49")
    assert shown.exit_code == 1 and "resnet50" in shown.stderr
