"""Figures of the code itself: how large modules and functions are, and how many say what they take and give.

    python benchmarks/house.py              # this checkout
    python benchmarks/house.py OTHER ...    # and other checkouts, in columns beside it

A slot is a parameter (without self and cls) or a return value of a function; a lambda has none.
"""

import argparse
import ast
import statistics
from pathlib import Path

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree):
    """Every function of a module, with its class if it has one."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                yield child, isinstance(node, ast.ClassDef)


def slots(function, is_method):
    """Whether each slot is annotated."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args]
    decorators = {getattr(each, "id", getattr(each, "attr", "")) for each in function.decorator_list}
    if is_method and "staticmethod" not in decorators:
        named = named[1:]
    named += [*arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
    yield from (each.annotation is not None for each in named)
    yield function.returns is not None


def length(function):
    """Lines of a function, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def figures(root):
    """Name to figure, as text."""
    package = Path(root) / "textgen"
    trees = {path: ast.parse(path.read_text("utf-8")) for path in package.rglob("*.py")}
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in trees}
    folders = {path.parent for path in trees}
    modules = [path for path in trees if path.name != "__init__.py"]
    in_folder = {folder: sum(path.parent == folder for path in modules) for folder in folders}
    found = [pair for tree in trees.values() for pair in functions(tree)]
    lengths = sorted(length(function) for function, _ in found)
    annotated = [each for function, is_method in found for each in slots(function, is_method)]
    public = [function for function, _ in found if not function.name.startswith("_")]
    parameters = [len(list(slots(function, is_method))) - 1 for function, is_method in found]
    return {
        "packages": str(len(folders)),
        "modules": str(len(modules)),
        "modules at the root": str(in_folder[package]),
        "most modules in a package": str(max(in_folder.values())),
        "longest module, lines": str(max(lines.values())),
        "functions": str(len(found)),
        "function lines: median, 95%, most": f"{statistics.median(lengths):.0f}, {lengths[len(lengths) * 95 // 100]}, "
        f"{lengths[-1]}",
        "most parameters of a function": str(max(parameters)),
        "public functions with a docstring": f"{sum(map(has_docstring, public)) / len(public):.0%}",
        "slots annotated": f"{sum(annotated) / len(annotated):.1%} of {len(annotated):,}",
    }


def has_docstring(function):
    return ast.get_docstring(function) is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("others", nargs="*", metavar="OTHER")
    roots = [Path(__file__).parent.parent, *parser.parse_args().others]
    columns = [figures(root) for root in roots]
    for name in columns[0]:
        print(f"{name:<36}" + "".join(f"{column[name]:>20}" for column in columns))


if __name__ == "__main__":
    main()
