"""The time of writing and training beside a busy loop on every core, as a multiple of the time alone.

    python benchmarks/beside.py [--rounds 5] [--against OTHER_CHECKOUT]

Measured: 16 texts by the model that ships, in 8 threads of Python; 16 and 64 texts in one call; one text of 120
characters by a model of 5,000 symbols, and by one of 512 units; one limerick by a word model (`textgen.verse.compose`);
evaluating 30,000 characters; training steps of 1x256. A model of 5,000 symbols and the word model have random weights,
since only the time counts. Each case runs in a process of its own, which writes a text in its main thread first: once
alone and once beside the loops, in turns; printed are medians. With `--against`, another checkout is measured in the
same turns. Two processes that share a core get half of it each, so about 2 is what a fair scheduler gives.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
from pathlib import Path

from contest import Worker, ratio, serve, timed

ROOT = Path(__file__).parent.parent.resolve()
# Each case: the function that prepares it, and how often it is done in a turn.
CASES = {
    "16 texts in 8 threads": ("threads", 1),
    "16 texts in one call": ("together", 3),
    "64 texts in one call": ("many", 1),
    "120 characters, 5,000 symbols": ("large", 8),
    "120 characters, 1x512": ("wide", 16),
    "one limerick": ("limerick", 4),
    "evaluation of a text": ("evaluation", 1),
    "one training step": ("training", 32),
}


def random_generator(tokenizer, units, documents="file", direction="forward"):
    import numpy as np

    from textgen import Generator
    from textgen.runs.config import ModelConfig, TrainingConfig

    config = ModelConfig(vocabulary_size=tokenizer.vocabulary_size, embedding_size=64, units=units, layers=1)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.05, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    training = TrainingConfig(documents=documents, direction=direction)
    return Generator.from_parts(config, training, tokenizer, weights)


def characters(number):
    from textgen.tokens.chars import CharTokenizer

    return CharTokenizer([chr(0x4E00 + index) for index in range(number - 2)])


def threads():
    from concurrent.futures import ThreadPoolExecutor

    from textgen import Generator

    generator = Generator.load(ROOT / "checkpoints/jabez")

    def write(seed):
        return generator.generate("The river", length=200, seed=seed)

    write(0)

    def loop(number):
        for _ in range(number):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(write, range(16)))

    return loop


def together():
    from textgen import Generator

    generator = Generator.load(ROOT / "checkpoints/jabez")
    return lambda number: [generator.generate_many("The river", length=200, count=16, seed=1) for _ in range(number)]


def many():
    from textgen import Generator

    generator = Generator.load(ROOT / "checkpoints/jabez")
    return lambda number: [generator.generate_many("The river", length=200, count=64, seed=1) for _ in range(number)]


def large():
    generator = random_generator(characters(5000), 384)
    return lambda number: [generator.generate(length=120, seed=1) for _ in range(number)]


def wide():
    generator = random_generator(characters(67), 512)
    return lambda number: [generator.generate(length=120, seed=1) for _ in range(number)]


def limerick():
    from textgen.tokens.words import WordTokenizer
    from textgen.verse import compose

    text = (ROOT / "corpora/lamplighter.txt").read_text("utf-8")
    generator = random_generator(WordTokenizer.train([text]), 256, "poem", "backward")
    return lambda number: [compose(generator, form="limerick", seed=1) for _ in range(number)]


def evaluation():
    from textgen import Generator
    from textgen.engine.measure import evaluate
    from textgen.tokens.extent import Extent

    generator = Generator.load(ROOT / "checkpoints/jabez")
    text = (ROOT / "corpora/ferryman.txt").read_text("utf-8")[:30_000]
    ids = generator.tokenizer.encode(text)
    extent = Extent.of([text])
    return lambda number: [evaluate(generator.engine, ids, extent) for _ in range(number)]


def training():
    from training_speed import textgen_worker  # serves by itself

    textgen_worker(1, 256, 32, 64)


def worker(name):
    if name == "training":
        training()
    else:
        serve(timed(globals()[name]()), 1)


def spin():
    while True:
        pass


def beside_loops(measure):
    """Measure while every core runs a busy loop."""
    loops = [multiprocessing.Process(target=spin, daemon=True) for _ in os.sched_getaffinity(0)]
    for loop in loops:
        loop.start()
    try:
        return measure()
    finally:
        for loop in loops:
            loop.kill()
            loop.join()


def contender(checkout, name):
    os.environ["PYTHONPATH"] = str(checkout)
    return Worker(sys.executable, __file__, name, ())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE")
    parser.add_argument("--against", metavar="OTHER_CHECKOUT", type=Path)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker)
        return
    checkouts = ({"other": arguments.against.resolve()} if arguments.against else {}) | {"this": ROOT}
    print(f"{'seconds, medians':<30} {'checkout':<8} {'alone':>8} {'beside':>8} {'ratio':>6}   alone, this / other")
    for name in arguments.cases:
        script, units = CASES[name]
        workers = {side: contender(checkout, script) for side, checkout in checkouts.items()}
        alone, beside = take_turns_twice(workers, units, arguments.rounds)
        for side in checkouts:
            first, second = (statistics.median(each[side]) for each in (alone, beside))
            share = f"{ratio(alone['this'], alone['other']):10.2f}" if side == "this" and arguments.against else ""
            print(f"{name:<30} {side:<8} {first:8.3f} {second:8.3f} {second / first:6.2f} {share}", flush=True)


def take_turns_twice(workers, units, rounds):
    """Seconds of one unit, alone and beside busy loops: name to a list, twice. Closes the workers."""
    alone, beside = ({name: [] for name in workers} for _ in range(2))
    try:
        for _ in range(rounds):
            for name, each in workers.items():
                alone[name].append(each.measure(units))
            for name, each in workers.items():
                beside[name].append(beside_loops(lambda each=each: each.measure(units)))
    finally:
        for each in workers.values():
            each.close()
    return alone, beside


if __name__ == "__main__":
    main()
