"""The number of threads of NumPy's products, and of Python's threads that write."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl

from tests.conftest import ROOT
from textgen import Generator
from textgen.engine.network import NUMPY, VARIABLE
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.system import threads
from textgen.tokens.chars import CharTokenizer
from textgen.writing.texts import ROWS


def in_use():
    return {each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Set how many threads of all processes want a core, as Linux tells it."""
    monkeypatch.setattr(threads, "LOOK_SECONDS", 0)
    monkeypatch.setattr(threads, "LOOK_AGAIN_SECONDS", 0)
    monkeypatch.setattr(threads, "SPIN_SECONDS", 0)
    monkeypatch.setattr(threads, "LOAD", str(tmp_path / "loadavg"))

    def set_load(wanting):
        (tmp_path / "loadavg").write_text(f"0.20 0.18 0.12 {wanting}/180 11206\n", "ascii")

    return set_load


@pytest.fixture(scope="module")
def large():
    """A Generator whose output kernel is large enough for threads of BLAS, and whose columns need filling up."""
    config = ModelConfig(vocabulary_size=5001, embedding_size=8, units=160, layers=1)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    tokenizer = CharTokenizer([chr(0x4E00 + index) for index in range(config.vocabulary_size - 2)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, NUMPY)
        return Generator.from_parts(config, TrainingConfig(), tokenizer, weights)


def test_a_limit_ends_with_its_block():
    before = in_use()
    with threads.limited():
        assert in_use() <= {1}
    assert in_use() == before


def test_limits_that_overlap_end_with_the_last():
    before = in_use()
    one, other = threads.limited(), threads.limited()
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


def test_products_run_on_one_thread_in_every_thread_of_python(tiny_run):
    generator, seen = Generator.load(tiny_run), []

    def look(logits, context):
        seen.append(in_use())
        return logits

    def write(seed):
        return generator.generate("the", length=3, seed=seed, transforms=[look])

    write(0)  # the main thread sets a limit first
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    assert len(seen) == 3 * 9
    assert set.union(*seen) <= {1}


@pytest.mark.parametrize("name", threads.VARIABLES)
def test_the_environments_variables_are_kept_to(name, load, monkeypatch):
    load(1)
    monkeypatch.setattr(threads, "cores", lambda: 8)
    for each in threads.VARIABLES:
        monkeypatch.delenv(each, raising=False)
    assert threads.allowed() == threads.free_threads() == 4
    monkeypatch.setenv(name, "2,1")
    assert threads.allowed() == threads.free_threads() == 2
    monkeypatch.setenv(name, "1")
    assert threads.allowed() == threads.free_threads() == 1
    for odd in ("", "all", "0", "-3", "9" * 50):
        monkeypatch.setenv(name, odd)
        assert threads.allowed() == 4


def test_a_row_takes_more_threads_only_where_cores_are_free(load, monkeypatch):
    for each in threads.VARIABLES:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(threads, "cores", lambda: 2)
    for wanting, free in ((1, 2), (2, 1), (3, 1), (0, 1)):  # itself; itself and others; not known
        load(wanting)
        assert threads.free_threads() == free
    load(2)
    assert threads.free_threads(own=2) == 2
    monkeypatch.setattr(threads, "cores", lambda: 8)
    for wanting, free in ((1, 4), (5, 4), (6, 2), (7, 2), (8, 1), (40, 1)):
        load(wanting)
        assert threads.free_threads() == free


@pytest.mark.parametrize("text", ["", "0.1 0.2", "a b c d", "0.1 0.2 0.3 many/few 4"])
def test_where_the_load_is_not_known_one_thread_is_used(text, load, tmp_path):
    assert threads.free_threads() == 1  # no such file, as on other systems
    (tmp_path / "loadavg").write_text(text, "ascii")
    assert threads.free_threads() == 1


def test_a_text_does_not_depend_on_how_busy_the_machine_is(large, load):
    load(99)
    wanted = large.generate(length=30, seed=5)
    load(1)
    assert large.generate(length=30, seed=5) == wanted


def test_workers_side_by_side_keep_to_one_thread_each(load, monkeypatch):
    for each in threads.VARIABLES:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(threads, "cores", lambda: 2)
    load(1)

    def in_use_for_a_row(_):
        threads.use(lambda number: True)
        return in_use()

    with threads.limited():
        assert in_use_for_a_row(0) == {2}
        threads.use(None)  # several rows
        assert in_use() == {1}
        with threads.pool(2) as run:
            assert run(in_use_for_a_row, range(8)) == [{1}] * 8
        with threads.limited():
            assert in_use_for_a_row(0) == {1}
        assert in_use_for_a_row(0) == {2}


def test_the_filled_up_columns_are_never_seen(large):
    logits, _ = large.engine.read([1, 2, 3])
    assert logits.shape == (5001,)
    weights = large.engine.named_weights()
    assert weights["output.kernel"].shape == (160, 5001)
    assert Generator.from_parts(large.engine.config, TrainingConfig(), large.tokenizer, weights).generate(
        length=9, seed=3
    ) == large.generate(length=9, seed=3)


def test_blocks_in_threads_write_what_they_write_one_after_another(tiny_run, monkeypatch):
    generator, count = Generator.load(tiny_run), 2 * ROWS + 3
    monkeypatch.setattr(threads, "cores", lambda: 4)
    for each in threads.VARIABLES:
        monkeypatch.delenv(each, raising=False)

    def own(logits, context):
        return logits  # a caller's function: one thread

    options = {"count": count, "length": 150, "seed": 3}
    assert generator.generate_many("the ", **options) == generator.generate_many("the ", transforms=[own], **options)
    # Each text goes on by a piece before any goes on by two.
    numbers = [sample.number for sample, _ in generator.write("the ", include_prompt=False, **options)]
    assert numbers == [*range(count)] * (len(numbers) // count)


def test_a_limit_of_the_environment_holds_for_several_texts():
    script = """
import threadpoolctl
from tests.conftest import ROOT
from textgen import Generator

seen = set()


def look(logits, context):
    seen.update(each["num_threads"] for each in threadpoolctl.threadpool_info())
    return logits


Generator.load("checkpoints/jabez").generate_many("The", count=2, length=3, seed=1, transforms=[look])
print(max(seen))
"""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
