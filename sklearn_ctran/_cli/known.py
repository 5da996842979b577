"""``--known "rain coat=1,truck=0"``: labels that are known of all images."""

import typer

from sklearn_ctran._cli.parsing import parse_list
from sklearn_ctran._utils.names import did_you_mean, listed

_STATES = {"1": 1, "0": 0}


def parse_known(text, option, names, groups):
    """A dict for `known_labels` or `extra_labels` of a text such as "rain coat=1,truck=0".

    `names` are the labels that it may name, `groups` maps groups to their labels, and `option` is
    where the text was given, for errors. Pairs are separated by commas; a pair with a comma in it
    is in double quotes, in which a quote is written twice. Behind the last "=" of a pair is 1 or 0,
    or, after the name of a group, the label of the group that applies: "weather=sunny" for a label
    "sunny" or "weather=sunny". None stays None.
    """
    if text is None:
        return None
    names = {str(name): name for name in names}
    groups = {str(group): labels for group, labels in groups.items()}
    known = {}
    for pair in _pairs(text, option):
        key, value = _state(pair, option, names, groups)
        if known.get(key, value) != value:
            raise typer.BadParameter(f"{option} says two things about {str(key)!r}.")
        known[key] = value
    return known


def _pairs(text, option):
    """Texts between commas, without spaces around them."""
    pairs = parse_list(text, option)
    if not pairs:
        raise typer.BadParameter(f'{option} is empty: write pairs such as "rain coat=1,truck=0".')
    return pairs


def _state(pair, option, names, groups):
    """The name of a label and its state, or the name of a group and its label."""
    name, sign, value = (part.strip() for part in pair.rpartition("="))
    if sign and name in names and value in _STATES:
        return names[name], _STATES[value]
    if sign and name in groups:
        members = {str(member): member for member in groups[name]}
        for member in (value, pair):
            if member in members:
                return name, members[member]
        hint = did_you_mean(value, members) or did_you_mean(pair, members)
        raise typer.BadParameter(
            f"{option}: the group {name!r} has no label {value!r}.{hint} "
            f"Its labels are {listed(members)}."
        )
    if sign and value in _STATES:
        raise typer.BadParameter(
            f"{option}: the model has no label {name!r} here."
            f"{did_you_mean(name, [*names, *groups])} It has {listed([*names, *groups])}."
        )
    raise typer.BadParameter(
        f'{option}: {pair!r} must end with "=1" or "=0". Write pairs such as '
        '"rain coat=1,truck=0"; a pair with a comma in it in double quotes, \'"red, white"=1\'.'
    )
