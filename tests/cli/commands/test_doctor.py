"""``doctor``."""

import json

from sklearn_ctran import __version__
from sklearn_ctran._cli import machine
from sklearn_ctran._cli.commands.doctor import _text


def test_all_facts_are_in_json(cli):
    told = json.loads(cli("doctor", "--json").stdout)
    assert told["versions"]["sklearn-ctran"] == __version__
    assert set(told) == {*machine.examine(), "findings"}
    assert all(set(each) == {"what", "why", "remedy"} for each in told["findings"])


def test_text(cli):
    shown = cli("doctor")
    assert shown.exit_code == 0
    for name in ("Python", "Processor", "Memory", "Tokens", "torch", "Not installed"):
        assert name in shown.stdout


def test_a_machine_with_gpus_and_nothing_slow():
    facts = machine.examine() | {
        "devices": [{"device": "cuda:0", "name": "H100", "memory": 8 * 10**10, "bfloat16": True}],
        "memory": {"total": None, "free": None},
        "versions": {"torch": "2.4"},
    }
    text = _text(facts, [])
    assert "cuda:0: H100, 80 GB, with bfloat16" in text
    assert "unknown free of unknown" in text
    assert "Not installed   nothing" in text
    assert text.endswith("Nothing is slow here that could be helped.")
