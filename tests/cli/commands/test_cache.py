"""``cache``."""

import json

import pytest

from sklearn_ctran import TokenCache


@pytest.fixture
def tokens(cli, desk, small):
    """A folder with the tokens of two photos, in one space."""
    cli("encode", "photos/000.png", "photos/001.png", "--cache", "tokens", *small)
    return desk / "tokens"


def test_look(cli, tokens):
    assert cli("cache", tokens).stdout == f"{TokenCache(tokens).info()}\n"
    told = json.loads(cli("cache", tokens, "--json").stdout)
    assert told["location"] == str(tokens)
    assert told["spaces"][0]["images"] == 2
    assert told["bytes"] == told["spaces"][0]["bytes"] > 0


def test_clear_asks(cli, tokens):
    shown = cli("cache", tokens, "--clear", input="n\n")
    assert shown.exit_code == 1 and "Remove the tokens" in shown.stderr
    assert TokenCache(tokens).info().spaces
    assert cli("cache", tokens, "--clear", input="y\n").exit_code == 0
    assert not TokenCache(tokens).info().spaces


def test_clear_without_a_question(cli, tokens):
    n_bytes = TokenCache(tokens).info().bytes
    told = cli("cache", tokens, "--clear", "--yes", "--json")
    assert json.loads(told.stdout) == {"removed_bytes": n_bytes}
    assert not TokenCache(tokens).info().spaces


def test_clear_one_space(cli, tokens):
    cli("encode", "photos/000.png", "--cache", "tokens", "--backbone", "small")
    first, second = (each["space"] for each in TokenCache(tokens).info().spaces)
    assert cli("cache", tokens, "--clear", "--yes", "--space", first).exit_code == 0
    assert [each["space"] for each in TokenCache(tokens).info().spaces] == [second]
    shown = cli("cache", tokens, "--clear", "--yes", "--space", first)
    assert shown.exit_code == 1 and f"has no space '{first}'" in shown.stderr


def test_wrong_usage(cli, tokens):
    assert cli("cache", tokens, "--space", "x").exit_code == 2
    shown = cli("cache", "gone")
    assert shown.exit_code == 1
    assert shown.stderr == "error: There is no folder 'gone'.\n"
