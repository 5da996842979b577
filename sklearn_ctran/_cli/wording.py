"""What the package says of arguments in Python, in the words of the command line."""

import re
import shlex

#: Arguments whose option has another name.
_OTHERS = {"on_error='skip'": "--skip-unreadable"}
_ARGUMENT = re.compile(r"\b([a-z]\w*)=('[^'\n]*'|None|True|\d+)(?![\w']|\.\d)")


def as_options(text, names):
    """A message, in which ``name='value'`` of the options `names` is ``--name value``."""
    for argument, option in _OTHERS.items():
        if option[2:].replace("-", "_") in names:
            text = text.replace(argument, option)

    def option(found):
        name, value = found.groups()
        if name not in names:
            return found[0]
        flag = f"--{name.replace('_', '-')}"
        if value == "True":
            return flag
        return f"{flag} {'none' if value == 'None' else shlex.quote(value.strip(chr(39)))}"

    return _ARGUMENT.sub(option, text)
