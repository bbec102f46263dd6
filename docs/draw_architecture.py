"""Draw textgen's packages and their imports, before and after the modules moved into packages: docs/architecture.svg.

    python docs/draw_architecture.py [--before FOLDER] [--out docs/architecture.svg]

"After" is the code beside this script; its layers come from the contract in setup.cfg. "Before" is FOLDER, a checkout
of the last commit with a flat package; without it the script takes that commit from this repository's history. Needs
the extra `test` (grimp, which comes with import-linter, and matplotlib).
"""

import argparse
import configparser
import importlib
import io
import math
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

import grimp
import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

ROOT = Path(__file__).parent.parent
FLAT_COMMIT = "962951b"  # the last one before the modules moved into packages

INK, FAINT, PALE = "#22272e", "#8b949e", "#d8dee4"
BASE, TRAINING, WRITING, DOOR = "#e7ebef", "#cfe3fa", "#fbdcc0", "#ded4f2"
SIDES = {"planning": TRAINING, "training": TRAINING, "group": TRAINING, "cli": DOOR, "serve": DOOR, "exchange": DOOR}
SIDES |= dict.fromkeys(("engine", "sampling", "writing", "verse", "page", "inspection", "reading", "judging"), WRITING)
# Where a package stands in its layer, from left (training) to right (writing); the middle unless named.
PLACES = {"planning": 0.17, "training": 0.17, "exchange": 0.3, "serve": 0.86, "verse": 0.55, "page": 0.72}
PLACES |= {"inspection": 0.84, "group": 0.24}
PLACES |= {"training": 0.12, "reading": 0.37, "judging": 0.62, "serve": 0.87}  # four in one layer
PLACES |= {
    "writing": 0.66,
    "sampling": 0.6,
    "engine": 0.84,
    "runs": 0.4,
    "corpus": 0.24,
    "tokens": 0.16,
    "system": 0.5,
    "options": 0.83,
    "arguments": 0.83,
}

TRAIN = [
    ("files", ""),
    ("corpus", "documents"),
    ("tokens", "ids"),
    ("planning", "streams, sizes"),
    ("training", "Keras"),
]
WRITE = [
    ("engine", "NumPy steps"),
    ("sampling", "one symbol"),
    ("writing", "prompt to text"),
    ("verse", "or inspection"),
    ("text", "or pictures"),
]
WORDS = {
    "cli": "commands",
    "training": "the Keras half",
    "verse": "poems in a form",
    "inspection": "traces, pictures",
    "page": "a run as a page",
    "writing": "prompt to text",
    "sampling": "logits to ids",
    "planning": "what will be trained",
    "group": "several processes",
    "engine": "the LSTM in NumPy",
    "runs": "the run folder",
    "corpus": "files to documents",
    "tokens": "text to ids",
    "system": "files, locks, signals",
    "options": "how options are declared",
    "arguments": "how arguments are read",
    "errors": "errors and exit codes",
    "shown": "the filter of messages",
    "exchange": "other formats",
    "serve": "HTTP",
    "reading": "labels, likeness",
    "judging": "beside human poems",
}


def imports(folder):
    """How many modules of one top-level name import those of another: a Counter of pairs, and all top-level names."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    graph = grimp.build_graph("textgen", cache_dir=None)
    sys.path.remove(str(folder))
    pairs, names = Counter(), set()
    for module in graph.modules - {"textgen"}:
        name = module.split(".")[1]
        names.add(name)
        for other in graph.find_modules_directly_imported_by(module):
            target = other.partition(".")[2].split(".")[0]
            if target and target != name:
                pairs[name, target] += 1
    return pairs, names


def layers():
    """The layers of the contract in setup.cfg, top first: a list of lists of names."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", "utf-8")
    lines = settings["importlinter:contract:layers"]["layers"].split("\n")
    rows = [[name.strip() for name in line.replace(":", "|").split("|")] for line in lines if line.strip()]
    return [[name for name in row if not name.startswith("_")] for row in rows if not row[0].startswith("_")]


def reduced(pairs):
    """The pairs that no longer way through other packages implies."""
    pairs, targets = set(pairs), {}
    for one, other in pairs:
        targets.setdefault(one, set()).add(other)

    def reached(name):
        found = set()
        for other in targets.get(name, ()):
            found |= {other} | reached(other)
        return found

    return {(one, other) for one, other in pairs if not any(other in reached(mid) for mid in targets[one] - {other})}


def draw_before(axes, pairs, names):
    """All top-level modules on a circle, each import a chord."""
    order = sorted(names)
    places = {}
    for number, name in enumerate(order):
        angle = math.pi / 2 - 2 * math.pi * number / len(order)
        places[name] = x, y = math.cos(angle), math.sin(angle)
        turn = math.degrees(angle)
        is_left = x < 0
        axes.text(
            1.04 * x, 1.04 * y, name, size=7.6, color=INK, rotation=turn + 180 * is_left, rotation_mode="anchor",
            ha="right" if is_left else "left", va="center",
        )  # fmt: skip
    for one, other in pairs:
        (x, y), (u, v) = places[one], places[other]
        curve = Curve([(x, y), (0.25 * x, 0.25 * y), (0.25 * u, 0.25 * v), (u, v)], [1, 4, 4, 4])
        axes.add_patch(PathPatch(curve, fill=False, edgecolor="#4a6fa5", linewidth=0.5, alpha=0.4))
    axes.scatter(*zip(*places.values(), strict=True), s=7, color=INK, zorder=3)
    axes.set(xlim=(-1.36, 1.36), ylim=(-1.36, 1.36), aspect="equal")
    axes.set_title(
        f"Before: {len(names)} modules and folders side by side,\n{len(pairs)} imports between them", size=12, color=INK
    )


def box(axes, x, y, width, height, name, words, colour):
    style = "round,pad=0,rounding_size=0.012"
    corner = (x - width / 2, y - height / 2)
    axes.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=style, facecolor=colour, edgecolor=INK, lw=0.9, zorder=3)
    )
    rise = height * 0.16 if words else 0
    axes.text(x, y + rise, name, size=11, weight="bold", color=INK, ha="center", va="center", zorder=4)
    if words:
        axes.text(x, y - height * 0.24, words, size=7.4, color=INK, ha="center", va="center", zorder=4)


def arrow(axes, start, end, **style):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", shrinkA=0, shrinkB=0, **style))


def draw_after(axes, pairs, names):
    """The layers, a row each, and the imports between packages, all of them downwards."""
    rows = [[name for name in row if name in names] for row in layers()]
    rows = [row for row in rows if row]
    width, height = 0.235, 0.9 * 0.74 / (len(rows) - 1)
    heights = {name: 0.955 - 0.9 * number / (len(rows) - 1) for number, row in enumerate(rows) for name in row}
    places = {name: (PLACES.get(name, 0.5), y) for name, y in heights.items()}
    for row in rows:
        axes.axhspan(heights[row[0]] - 0.5 * height, heights[row[0]] + 0.5 * height, color="#f4f6f8", zorder=0)
    for one, other in reduced(pair for pair in pairs if set(pair) <= set(places)):
        (x, y), (u, v) = places[one], places[other]
        lean = 0.25 * (u - x)
        start, end = (
            (x + max(-0.09, min(0.09, lean)), y - height / 2),
            (u - max(-0.09, min(0.09, lean)), v + height / 2),
        )
        arrow(axes, start, end, mutation_scale=9, color="#57606a", lw=1.0, zorder=2)
    for name, (x, y) in places.items():
        box(axes, x, y, width, height, name, WORDS.get(name, ""), SIDES.get(name, BASE))
    axes.text(0.02, 0.995, "training half", size=10, color="#2f6db5", style="italic", va="top")
    axes.text(1, 0.014, "an import that a longer path implies is left out", size=8, color=FAINT, ha="right", va="top")
    axes.text(0.98, 0.995, "writing half", size=10, color="#b5642f", style="italic", va="top", ha="right")
    axes.set(xlim=(0, 1), ylim=(-0.01, 1.01))
    drawn = sum(set(pair) <= set(places) for pair in pairs)
    axes.set_title(
        f"After: {len(places)} packages and modules in layers,\n{drawn} imports between them, all downwards",
        size=12,
        color=INK,
    )


def chain(axes, title, steps, y, left, right, colour):
    """Boxes from left to right with arrows between them. Returns the outer edges."""
    step = (right - left) / (len(steps) - 1)
    width, height = step * 0.74, 0.27
    axes.text(left - width / 2, y + 0.23, title, size=9.5, style="italic", color=INK, va="center")
    for number, (name, words) in enumerate(steps):
        x = left + step * number
        is_end = name in ("files", "text")
        box(axes, x, y, width, height, name, words, "white" if is_end else SIDES.get(name, BASE))
        if number:
            arrow(axes, (x - step + width / 2, y), (x - width / 2, y), mutation_scale=15, color=INK, lw=1.6)
    return left - width / 2, right + width / 2


def draw_flow(axes):
    """How a text passes through the packages, for training and for writing; the halves meet in the run folder."""
    _, edge = chain(axes, "training", TRAIN, 0.5, 0.045, 0.385, TRAINING)
    start, _ = chain(axes, "writing", WRITE, 0.5, 0.615, 0.96, WRITING)
    x, width, height = 0.495, 0.1, 0.5
    box(axes, x, 0.5, width, height, "run folder", "runs: plain data", "#fff6c8")
    arrow(axes, (edge, 0.5), (x - width / 2, 0.5), mutation_scale=15, color=INK, lw=1.6)
    arrow(axes, (x + width / 2, 0.5), (start, 0.5), mutation_scale=15, color=INK, lw=1.6)
    axes.set(xlim=(0, 1), ylim=(0.1, 0.9))


def flat_package(folder):
    """The package as it was at FLAT_COMMIT, from this repository's history, put into a folder."""
    made = subprocess.run(["git", "archive", FLAT_COMMIT, "textgen"], cwd=ROOT, capture_output=True, check=False)
    if made.returncode:
        sys.exit(f"this clone lacks commit {FLAT_COMMIT}: give a checkout of it with --before")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(folder, filter="data")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", help=f"a checkout of {FLAT_COMMIT}; default: taken from the history")
    parser.add_argument("--out", default=ROOT / "docs/architecture.svg")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not given.before:
            flat_package(folder)
        before = imports(given.before or folder)
    after = imports(ROOT)
    mpl.rcParams |= {"svg.hashsalt": "textgen", "font.family": "DejaVu Sans"}
    figure = Figure(figsize=(14, 12), facecolor="white")
    left, right = figure.add_axes((0.005, 0.2, 0.47, 0.73)), figure.add_axes((0.49, 0.2, 0.505, 0.73))
    flow = figure.add_axes((0.01, 0.005, 0.98, 0.16))
    draw_before(left, *before)
    draw_after(right, *after)
    draw_flow(flow)
    for axes in (left, right, flow):
        axes.axis("off")
    figure.text(
        0.015, 0.172, "The way of a text, from files to a run folder and from there to new text", size=12, color=INK
    )
    figure.savefig(given.out, metadata={"Date": None} if str(given.out).endswith(".svg") else None)
    print(given.out)


if __name__ == "__main__":
    main()
