"""What the networks may import."""

import ast
from pathlib import Path

import sklearn_ctran.modules


def test_the_networks_import_neither_scikit_learn_nor_other_parts_of_this_package():
    folder = Path(sklearn_ctran.modules.__file__).parent
    imported = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    assert "torch" in imported
    assert not {name for name in imported if name.split(".")[0] in ("sklearn", "skorch")}
    ours = {name for name in imported if name.startswith("sklearn_ctran")}
    torch_only = {"sklearn_ctran._utils.torch_compat", "sklearn_ctran._utils.randomness"}
    assert torch_only <= ours
    others = ours - torch_only
    assert all(name.startswith("sklearn_ctran.modules") for name in others)
