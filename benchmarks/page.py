"""How fast a page writes, in a real browser, beside the engine in Python; how large it is, and what fewer bits cost.

    pip install playwright
    python benchmarks/page.py [RUN] [--units 384] [--text corpora/ferryman.txt] [--rounds 5]

Printed, each in one run: symbols a second of a network of one layer in Chromium and in Python, turn by turn; how long
after it is opened a page shows its first symbol; and for 32, 16 and 8 bits the size of the run's page and the loss on
the end of a text, in the page and in Python. Chromium is the one on this machine.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from textgen import Generator
from textgen.page.build import page
from textgen.page.numbers import BITS
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.tokens.chars import CharTokenizer

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SYMBOLS = 66
LENGTH = 4000


def network(units):
    """A generator of one layer with random weights."""
    tokenizer = CharTokenizer([chr(ord("A") + number) for number in range(SYMBOLS - 2)])
    config = ModelConfig(vocabulary_size=SYMBOLS, embedding_size=48, units=units, layers=1)
    draw = np.random.default_rng(0)
    weights = {name: draw.normal(0, 0.1, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    return Generator.from_parts(config, TrainingConfig(documents="line"), tokenizer, weights)


def opened(browser, path, fragment=""):
    tab = browser.new_context(offline=True).new_page()
    tab.goto(path.as_uri() + fragment)
    tab.wait_for_selector("html[data-ready]")
    return tab


def speeds(browser, folder, units, rounds):
    """Symbols a second in the page and in Python, turn by turn."""
    generator = network(units)
    path = folder / "speed.html"
    path.write_text(page(generator, "speed"), encoding="utf-8")
    tab = opened(browser, path, "#length=20")
    in_page, in_python = [], []
    for _ in range(rounds + 1):  # the first warms up
        seconds = tab.evaluate(
            f"async () => {{ const began = performance.now();"
            f" await window.textgen.write('', {{seed: 1n, length: {LENGTH}, temperature: 0.8}});"
            f" return (performance.now() - began) / 1000; }}"
        )
        in_page.append(LENGTH / seconds)
        began = time.perf_counter()
        generator.generate(seed=1, length=LENGTH, temperature=0.8)
        in_python.append(LENGTH / (time.perf_counter() - began))
    return statistics.median(in_page[1:]), statistics.median(in_python[1:])


def first_symbols(browser, path, rounds):
    """Milliseconds from the begin of the navigation to the first symbol."""
    found = []
    for _ in range(rounds):
        tab = browser.new_context(offline=True).new_page()
        tab.goto(path.as_uri() + "#length=20")
        tab.wait_for_selector("html[data-first]")
        found.append(float(tab.get_attribute("html", "data-first")))
        tab.context.close()
    return statistics.median(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?", default=str(ROOT / "checkpoints" / "jabez"))
    parser.add_argument("--units", type=int, nargs="+", default=[256, 384, 512])
    parser.add_argument("--text", default=str(ROOT / "corpora" / "ferryman.txt"))
    parser.add_argument("--characters", type=int, default=10_000, help="of the end of the text")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, BROWSERS)))
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        print(f"{'symbols a second':<20} {'page':>9} {'Python':>9} {'share':>7}")
        for units in arguments.units:
            in_page, in_python = speeds(browser, folder, units, arguments.rounds)
            print(f"1x{units:<18} {in_page:9,.0f} {in_python:9,.0f} {in_page / in_python:7.0%}", flush=True)
        generator = Generator.load(arguments.run)
        text = Path(arguments.text).read_text("utf-8")[-arguments.characters :]
        exact = generator.score(text).surprisal.mean()
        print(f"\n{'bits':>4} {'bytes':>10} {'first symbol':>13} {'nats':>9} {'worse than Python by':>21}")
        for bits in BITS:
            path = folder / f"{bits}.html"
            path.write_text(page(generator, "run", bits=bits), encoding="utf-8")
            first = first_symbols(browser, path, arguments.rounds)
            tab = opened(browser, path, "#length=20")
            nats = np.mean(tab.evaluate("(text) => window.textgen.score(text)", text))
            print(f"{bits:4} {path.stat().st_size:10,} {first:10.0f} ms {nats:9.5f} {nats - exact:21.6f}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
