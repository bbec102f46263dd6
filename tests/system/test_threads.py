"""The number of threads of NumPy's products."""

import threadpoolctl

from textgen import Generator
from textgen.system import threads


def in_use():
    return {each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"}


def test_a_limit_ends_with_its_block():
    before = in_use()
    with threads.limited(1):
        assert in_use() <= {1}
    assert in_use() == before


def test_limits_that_overlap_end_with_the_last():
    before = in_use()
    one, other = threads.limited(1), threads.limited(1)
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert in_use() <= {1}
    other.__exit__(None, None, None)
    assert in_use() == before


def test_closing_a_stream_restores_the_threads(tiny_run):
    before = in_use()
    generator = Generator.load(tiny_run)
    stream = generator.stream(length=100, seed=1)
    next(stream)
    stream.close()
    assert in_use() == before


def test_two_streams_read_in_turn_do_not_mix(tiny_run):
    generator = Generator.load(tiny_run)
    wanted = [generator.generate(length=50, seed=seed) for seed in (1, 2)]
    streams = [generator.stream(length=50, seed=seed) for seed in (1, 2)]
    texts = ["", ""]
    for pieces in zip(*streams, strict=False):
        texts = [text + piece for text, piece in zip(texts, pieces, strict=True)]
    assert texts == wanted


def test_the_rule_is_by_size():
    assert threads.for_rows(1, 4 * 256**2) == 1
    assert threads.for_rows(1, 4 * 1024**2) == min(threads.cores(), 4)
    assert threads.for_rows(32, 4 * 256**2) == min(threads.cores(), 4)
