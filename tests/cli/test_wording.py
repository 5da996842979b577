"""Arguments in Python become options."""

import pytest

from sklearn_ctran._cli.wording import as_options

NAMES = {"missing", "images", "merge_spellings", "weights", "batch_size", "skip_unreadable"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Say missing='negative' or 'unknown'.", "Say --missing negative or 'unknown'."),
        (
            "a label in two spellings: merge_spellings=True",
            "a label in two spellings: --merge-spellings",
        ),
        ("weights=None to train", "--weights none to train"),
        ("or batch_size=16.", "or --batch-size 16."),
        ("images='my photos'", "--images 'my photos'"),
        ("(With on_error='skip', fit does so.)", "(With --skip-unreadable, fit does so.)"),
        ("column='tags' is no option here", "column='tags' is no option here"),
        ("known_labels={'cat': 1}", "known_labels={'cat': 1}"),
    ],
)
def test_words(text, words):
    assert as_options(text, NAMES) == words


def test_an_option_that_the_command_lacks():
    assert as_options("on_error='skip'", {"missing"}) == "on_error='skip'"
