"""How long the texts most like one take to find among many: `textgen similar` after it has read them once.

    python benchmarks/similar.py [--texts 100000] [--units 384] [--rounds 9]

The vectors are random and lie in a file, as those of a corpus do. Beside the search in blocks stands one product of the
whole matrix with `argpartition`, the plain way in NumPy.
"""

import argparse
import statistics
import tempfile
import time

import numpy as np

from textgen.reading.neighbours import nearest

FOUND = 10


def timed(search, rounds):
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        search()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--units", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    draw, size = np.random.default_rng(0), 2 * arguments.units
    with tempfile.NamedTemporaryFile() as file:
        vectors = np.memmap(file.name, np.float32, "w+", shape=(arguments.texts, size))
        for row in range(0, arguments.texts, 10_000):
            vectors[row : row + 10_000] = draw.standard_normal((min(10_000, arguments.texts - row), size), np.float32)
        query = np.array(vectors[7])

        def plain():
            products = vectors @ query
            return np.argpartition(-products, FOUND)[:FOUND]

        assert nearest(vectors, query, FOUND)[0].number == 7
        own = timed(lambda: nearest(vectors, query, FOUND), arguments.rounds)
        other = timed(plain, arguments.rounds)
    print(f"{arguments.texts:,} texts, {size} numbers each: {own * 1000:.0f} ms; in one product {other * 1000:.0f} ms")


if __name__ == "__main__":
    main()
