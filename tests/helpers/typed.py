"""The script of tests/data/typed with five planted mistakes, which every type checker must find.

python -m tests.helpers.typed FOLDER                   write both scripts into a folder, for `make typed`
python -m tests.helpers.typed FOLDER PYRIGHT MYPY      check what the two type checkers printed about them
"""

import json
import re
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "data/typed/script.py"
# What is right, and what is planted in its place: an option's name, its type, an attribute, a hook, an argument.
MISTAKES = {
    "epochs=training.epochs": 'epochs="one"',
    "on_step=on_step": "on_step=on_epoch",
    "history.best_nats": "history.best_loss",
    'score("the hen")': "score(42)",
    "ways=2": "wyas=2",
}


def planted():
    """The script with the mistakes, and the number of the line of each."""
    text = SCRIPT.read_text("utf-8")
    for right, wrong in MISTAKES.items():
        assert text.count(right) == 1, right
        text = text.replace(right, wrong)
    return text, {
        number for number, line in enumerate(text.splitlines(), 1) if any(w in line for w in MISTAKES.values())
    }


def write(folder):
    """Both scripts, in a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.py").write_text(SCRIPT.read_text("utf-8"), "utf-8")
    (folder / "planted.py").write_text(planted()[0], "utf-8")
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}), "utf-8")


def lines_of_pyright(printed):
    """The lines with errors in what `pyright --outputjson` printed: pairs of a file and a line."""
    found = json.loads(printed)["generalDiagnostics"]
    return {(Path(one["file"]).name, one["range"]["start"]["line"] + 1) for one in found}


def lines_of_mypy(printed):
    """The lines with errors in what mypy printed: pairs of a file and a line."""
    found = re.findall(r"^(.+?):(\d+): error", printed, re.MULTILINE)
    return {(Path(file).name, int(line)) for file, line in found}


def expected():
    """The lines with errors that a type checker must find, and no others."""
    return {("planted.py", line) for line in planted()[1]}


if __name__ == "__main__":
    folder, *printed = map(Path, sys.argv[1:])
    if not printed:
        write(folder)
    for path, read in zip(printed, (lines_of_pyright, lines_of_mypy), strict=bool(printed)):
        text = path.read_text("utf-8")
        assert read(text) == expected(), text
        print(f"{path.stem} finds no fault in the script, and all {len(MISTAKES)} planted mistakes")
