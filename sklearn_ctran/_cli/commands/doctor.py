"""``doctor``: what this machine has, and what is slow here and why."""

from dataclasses import asdict

from sklearn_ctran._cli.output import Result

EXAMPLE = "sklearn-ctran doctor"


def run(console):
    """Show versions, devices, memory and cache, and what is slow here, why, and what helps."""
    from sklearn_ctran._cli.machine import examine
    from sklearn_ctran._cli.remedies import findings

    facts = examine()
    found = findings(facts)
    return Result(_text(facts, found), facts | {"findings": [asdict(each) for each in found]})


def _text(facts, found):
    """The facts as aligned lines, then the findings."""
    from tabulate import tabulate

    rows = tabulate(_rows(facts), tablefmt="plain", disable_numparse=True)
    told = [
        f"{number}. {each.what}: {each.why}.\n   What helps: {each.remedy}."
        for number, each in enumerate(found, 1)
    ]
    return "\n".join([rows, "", *(told or ["Nothing is slow here that could be helped."])])


def _rows(facts):
    """Pairs of a name and a text."""
    system, processor, memory = facts["system"], facts["processor"], facts["memory"]
    yield "Python", f"{system['python']} at {system['python_at']}"
    yield "System", system["platform"]
    fast = "with" if processor["bfloat16"] else "without"
    yield "Processor", f"{processor['name']}, {fast} bfloat16"
    yield "Cores, threads", f"{processor['cores']}, {processor['threads']}"
    for gpu in facts["devices"]:
        fast = "with" if gpu["bfloat16"] else "without"
        yield "GPU", f"{gpu['device']}: {gpu['name']}, {_size(gpu['memory'])}, {fast} bfloat16"
    yield "Computes on", facts["device"]
    yield "Memory", f"{_size(memory['free'])} free of {_size(memory['total'])}"
    for name, place in facts["places"].items():
        yield name.capitalize(), f"{place['path']}, {_size(place['free'])} free"
    installed = {name: version for name, version in facts["versions"].items() if version}
    for name, version in installed.items():
        yield name, version
    missing = [name for name in facts["versions"] if name not in installed]
    yield "Not installed", ", ".join(missing) or "nothing"


def _size(n_bytes):
    from sklearn_ctran._cache.sizes import format_size

    return "unknown" if n_bytes is None else format_size(n_bytes)
