"""The packages whose names are imported when first used: type checkers must see the same names."""

import ast
from importlib import import_module
from pathlib import Path

import pytest


def names_for_type_checkers(module):
    """The names that the module defines under TYPE_CHECKING, and where they come from."""
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    [block] = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    found = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Assign):
            found[node.targets[0].id] = found.pop(node.value.id)
    return found


@pytest.mark.parametrize("package", ["textgen", "textgen.verse", "textgen.inspection"])
def test_type_checkers_see_the_names_that_programs_get(package):
    module = import_module(package)
    declared = names_for_type_checkers(module)
    modules = getattr(module, "_MODULES", {})
    assert declared == {name: f"{home}.{name}" for name, home in module._HOMES.items()} | modules
    assert set(module.__all__) - {"__version__"} == set(module._HOMES)
    for name in declared:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing
