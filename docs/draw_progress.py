"""Draw how the progress of a training looks on terminals, in a log and in a notebook: docs/progress/*.svg.

    python docs/draw_progress.py

Each picture is of a real training, which takes a minute. The notebook's needs jupyter-client and ipykernel and is left
out without them. Terminals need a Unix.
"""

import argparse
import fcntl
import html
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = ROOT / "corpora/lamplighter.txt"
# A sample would fill the picture.
OPTIONS = [
    "--size",
    "small",
    "--epochs",
    "6",
    "--sample-length",
    "0",
    "--out",
    "checkpoints/lamplighter",
    "--overwrite",
]
# The picture of a running training is taken after this many epochs, in the middle of the next.
EPOCHS = 3
# The notebook's cell, as the picture shows it.
CELL_SHOWN = ["In [1]: from textgen import train", '        train("lamplighter.txt", size="small", epochs=6)']
CELL, LINE, SIZE, MARGIN, TITLE = 8.0, 19, 13.3, 14, 26


class Screen:
    """A terminal that knows what the progress of a training uses: ends of lines, returns, and erasing what follows."""

    def __init__(self, columns):
        self.columns, self.rows, self.column = columns, [""], 0

    def feed(self, text):
        for part in re.findall(r"\x1b\[J|\r|\n|[^\x1b\r\n]", text):
            if part == "\x1b[J":
                self.rows[-1] = self.rows[-1][: self.column]
            elif part == "\r":
                self.column = 0
            elif part == "\n":
                self.rows.append("")
                self.column = 0
            else:
                if self.column == self.columns:
                    self.rows.append("")
                    self.column = 0
                row = self.rows[-1].ljust(self.column)
                self.rows[-1] = row[: self.column] + part + row[self.column + 1 :]
                self.column += 1


def command():
    return [sys.executable, "-m", "textgen", "train", str(TEXT), *OPTIONS]


def environment(**changes):
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS")}
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "TERM": "xterm"} | changes


def terminal(columns, folder):
    """The rows of a terminal while a training runs, and after it."""
    process, master = pty.fork()
    if not process:
        os.chdir(folder)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.execve(sys.executable, command(), environment())
    screen, running = Screen(columns), None
    try:
        while piece := os.read(master, 4096):
            screen.feed(piece.decode())
            ended = sum(row.startswith("epoch ") for row in screen.rows)
            if running is None and ended == EPOCHS and "left" in screen.rows[-1] and "measuring" not in screen.rows[-1]:
                running = list(screen.rows)
    except OSError:  # the training has ended
        pass
    os.waitpid(process, 0)
    return running, screen.rows


def log(folder):
    """The lines of a log."""
    done = subprocess.run(
        command(), cwd=folder, env=environment(CI="true"), stderr=subprocess.PIPE, text=True, check=True
    )
    return done.stderr.splitlines()


def notebook(folder):
    """The lines of a notebook's cell while a training runs; None without Jupyter."""
    try:
        from jupyter_client.manager import start_new_kernel
    except ImportError:
        return None
    code = (
        "from textgen import train\n"
        f"train({str(TEXT)!r}, 'lamplighter', size='small', epochs=6, sample_length=0, overwrite=True)"
    )
    manager, client = start_new_kernel(cwd=folder, env=environment())
    outputs, places = [], {}
    try:
        asked = client.execute(code)
        while True:
            message = client.get_iopub_msg(timeout=600)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind == "status" and content["execution_state"] == "idle":
                raise RuntimeError("the training ended before its picture was taken")
            if kind == "stream":
                outputs += content["text"].splitlines()
            elif kind == "display_data":
                places[content["transient"]["display_id"]] = len(outputs)
                outputs.append(content["data"]["text/plain"])
            elif kind == "update_display_data":
                place = places[content["transient"]["display_id"]]
                outputs[place] = content["data"]["text/plain"]
                ended = sum(line.startswith("epoch ") for line in outputs)
                if ended == EPOCHS and "left" in outputs[place] and "measuring" not in outputs[place]:
                    return [
                        "In [1]: from textgen import train",
                        '        train("lamplighter.txt", epochs=6)',
                        "",
                        *outputs,
                    ]
    finally:
        manager.shutdown_kernel(now=True)


def wrapped(lines, columns):
    return [line[at : at + columns] for line in lines for at in range(0, max(len(line), 1), columns)]


def draw(title, rows, columns):
    """Rows of text in a window, as SVG. Each row is stretched to its columns, whichever font shows it."""
    width, height = columns * CELL + 2 * MARGIN, TITLE + len(rows) * LINE + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">',
        f'<rect width="{width:g}" height="{height:g}" rx="7" fill="#1f2430"/>',
        f'<text x="{MARGIN}" y="17" font-size="11" fill="#8b95a5">{html.escape(title)}</text>',
    ]
    for number, row in enumerate(rows):
        if text := row.rstrip():
            colour = "#e8c07d" if text.startswith("[") else "#d5dae3"
            parts.append(
                f'<text x="{MARGIN}" y="{TITLE + number * LINE + 15}" font-size="{SIZE}" fill="{colour}" '
                f'xml:space="preserve" textLength="{len(text) * CELL:g}" lengthAdjust="spacingAndGlyphs">'
                f"{html.escape(text)}</text>"
            )
    return "\n".join([*parts, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs/progress")
    out = parser.parse_args().out
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pictures = {}
        for columns in (100, 60):
            running, ended = terminal(columns, folder)
            pictures[f"terminal-{columns}"] = f"a terminal of {columns} columns, while it trains", running, columns
            if columns == 100:
                pictures["terminal-ended"] = (
                    "the same terminal, after the training",
                    ended[len(running) - EPOCHS - 2 :],
                    100,
                )
        pictures["log"] = "a CI log", wrapped(log(folder), 100), 100
        if lines := notebook(folder):
            pictures["notebook"] = "a notebook, while it trains", wrapped(lines, 100), 100
        else:
            print("no jupyter-client and ipykernel: the notebook's picture stays as it is")
    for name, (title, rows, columns) in pictures.items():
        (out / f"{name}.svg").write_text(draw(title, [row for row in rows if row.strip()], columns), encoding="utf-8")
        print(out / f"{name}.svg")


if __name__ == "__main__":
    main()
