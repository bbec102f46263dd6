"""Milliseconds of one training step: textgen, stock keras.layers.LSTM and PyTorch's nn.LSTM, side by side.

    python benchmarks/training_speed.py [--torch-python PATH] [--rounds 7] [--shapes 1x256,32x64 ...]
    python benchmarks/training_speed.py --unit word [--before CHECKOUT] [--shapes 1x512,32x64,10000 ...]

Each contender trains the same model (embedding 64, LSTM stack, logits over 67 characters, carried state, Adam, gradient
norm clipped) on the same random text, in a process of its own that sleeps while another is measured; rounds take turns,
so that a noisy machine is noisy for all. textgen and stock Keras go through `fit`, textgen with its callbacks, and are
timed from the end of the first step to the end of the last, so that the start of `fit` does not count; PyTorch goes
through the usual loop. PyTorch is measured where `--torch-python` (default: this Python) can import it.

With words, the text has the frequencies of a natural one (Zipf and Mandelbrot: a step of 32 x 64 reads about as many
different words, 700, as one of Shakespeare's plays does). The contenders are textgen as it trains words by default
(tied weights, a sampled softmax), textgen with the softmax over all words, an older checkout of textgen, and PyTorch
with the softmax over all words and with nn.AdaptiveLogSoftmaxWithLoss. Their losses differ; benchmarks/words.py
compares what they learn in equal time.

Printed: medians, ratios taken round by round and then their median, and the share of this machine's matrix peak (the
largest product measured in the same run) that textgen's arithmetic comes to.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

from contest import Worker, has_torch, ratio, serve, take_turns, timed

SHAPES = ["1x256,32x64", "1x512,32x64", "2x256,64x100", "3x512,64x100"]
VOCABULARY, EMBEDDING = 67, 64
WORD_SHAPES = ["1x512,32x64,10000", "1x512,32x64,50000"]
# Steps of a contender in its turn.
WORD_STEPS = 8
# The environment variable that names an older checkout.
BEFORE = "TEXTGEN_BEFORE"


def arithmetic(layers, units, batch, steps, vocabulary=VOCABULARY):
    """Floating-point operations of one training step's products: forward, and twice that backward."""
    recurrent = layers * units * 4 * units
    inputs = (layers - 1) * units * 4 * units  # the first layer picks rows of a table
    return 6 * batch * steps * (recurrent + inputs + units * vocabulary)


def timed_fit(model, dataset, callbacks=(), group=1):
    """A `run` for `fit`: from the end of its first group of steps to the end of its last."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.ends = []

        def on_train_batch_end(self, batch, logs=None):
            self.ends.append((batch, time.perf_counter()))

    clock = Clock()

    def run(steps):
        steps = group * (max(steps // group, 1) + 1)
        model.fit(dataset, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[*callbacks, clock])
        (first, began), (last, ended) = clock.ends[0], clock.ends[-1]
        return (ended - began) / (last - first)

    return run


def random_text(vocabulary=VOCABULARY):
    import numpy as np

    rng = np.random.default_rng(0)
    if vocabulary == VOCABULARY:
        return rng.integers(2, VOCABULARY, 1_000_000).astype(np.int32)
    frequencies = (np.arange(vocabulary - 2) + 3.7) ** -1.2
    return (2 + rng.choice(vocabulary - 2, 1_000_000, p=frequencies / frequencies.sum())).astype(np.int32)


def textgen_worker(layers, units, batch, steps, vocabulary=VOCABULARY, is_exact=True):
    from textgen.planning.streams import training_streams
    from textgen.runs.config import ModelConfig, TrainingConfig
    from textgen.runs.state import TrainingState
    from textgen.training.callbacks import DivergenceGuard, Progress
    from textgen.training.feed import feed
    from textgen.training.fit import compiled
    from textgen.training.session import Reporter
    from textgen.training.timing import Tempo

    text, more, samples = random_text(vocabulary), {}, {}
    embedding = EMBEDDING
    if not is_exact:
        import numpy as np

        from textgen.planning.candidates import CandidateSampler
        from textgen.planning.sizes import SOFTMAX_SAMPLES

        more, samples, embedding = {"tie": True}, {"softmax_samples": SOFTMAX_SAMPLES}, units
        sampler = CandidateSampler(np.bincount(text, minlength=vocabulary), SOFTMAX_SAMPLES)
    config = ModelConfig(vocabulary_size=vocabulary, embedding_size=embedding, units=units, layers=layers, **more)
    training = TrainingConfig(batch_size=batch, sequence_length=steps, learning_rate=1e-3, **samples)
    model = compiled(config, training, batch, 10_000)
    # An older checkout knows no sampler.
    dataset = feed(training_streams(text, batch, steps), seed=0, **({} if is_exact else {"sampler": sampler}))
    state = TrainingState([], "0" * 64, last_step=10_000, epochs=1)
    tempo = Tempo(state)
    callbacks = [
        DivergenceGuard(Path("benchmark")),
        tempo,
        Progress(state, tempo, Reporter(), batch * steps, "character"),
    ]
    serve(timed_fit(model, dataset, callbacks, model.steps_per_execution))


def keras_worker(layers, units, batch, steps):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    model = keras.Sequential(
        [
            keras.Input(batch_shape=(batch, steps)),
            keras.layers.Embedding(VOCABULARY, EMBEDDING),
            *(keras.layers.LSTM(units, return_sequences=True, stateful=True) for _ in range(layers)),
            keras.layers.Dense(VOCABULARY),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), loss)
    text = random_text()
    span = len(text) // batch
    rows = text[: batch * span].reshape(batch, span)

    class Text(keras.utils.PyDataset):
        def __len__(self):
            return (span - 1) // steps

        def __getitem__(self, index):
            at = index * steps
            return rows[:, at : at + steps], rows[:, at + 1 : at + steps + 1]

    serve(timed_fit(model, Text()))


def sampled_worker(*numbers):
    textgen_worker(*numbers, is_exact=False)


def before_worker(*numbers):
    sys.path.insert(0, os.environ[BEFORE])
    textgen_worker(*numbers)


def adaptive_worker(*numbers):
    torch_worker(*numbers, is_adaptive=True)


def torch_worker(layers, units, batch, steps, vocabulary=VOCABULARY, is_adaptive=False):
    import torch
    from torch import nn

    text = torch.from_numpy(random_text(vocabulary)).long()
    span = len(text) // batch
    rows = text[: batch * span].reshape(batch, span).T.contiguous()
    embedding, lstm, head = (
        nn.Embedding(vocabulary, EMBEDDING),
        nn.LSTM(EMBEDDING, units, layers),
        nn.Linear(units, vocabulary),
    )
    if is_adaptive:  # the text's ids are in the order of frequency, as it needs them
        head = nn.AdaptiveLogSoftmaxWithLoss(units, vocabulary, [vocabulary // 5, vocabulary // 2])
    parameters = [*embedding.parameters(), *lstm.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-3)
    state = tuple(torch.zeros(layers, batch, units) for _ in range(2))
    place = 0

    def run(number):
        nonlocal state, place
        for _ in range(number):
            inputs, targets = rows[place : place + steps], rows[place + 1 : place + steps + 1]
            place = (place + steps) % (span - steps - 1)
            outputs, state = lstm(embedding(inputs), tuple(part.detach() for part in state))
            if is_adaptive:
                loss = head(outputs.reshape(-1, units), targets.reshape(-1)).loss
            else:
                loss = nn.functional.cross_entropy(head(outputs).reshape(-1, vocabulary), targets.reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            loss.item()

    serve(timed(run))


def peak_worker(*_):
    """Seconds of one product of 2048 x 2048 matrices, over all cores."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    matrix = tf.random.normal((2048, 2048))

    def run(number):
        for _ in range(number):
            product = tf.matmul(matrix, matrix)
        product.numpy()

    serve(timed(run))


WORKERS = {
    "textgen": textgen_worker,
    "sampled": sampled_worker,
    "before": before_worker,
    "keras": keras_worker,
    "torch": torch_worker,
    "adaptive": adaptive_worker,
    "peak": peak_worker,
}


def compare_words(arguments):
    """Print the table of words."""
    contenders = {"sampled": sys.executable, "textgen": sys.executable}
    if arguments.before:
        os.environ[BEFORE] = str(Path(arguments.before).resolve())
        contenders["before"] = sys.executable
    if has_torch(arguments.torch_python):
        contenders |= {"torch": arguments.torch_python, "adaptive": arguments.torch_python}
    titles = {
        "textgen": "all words",
        "before": "older checkout",
        "torch": "PyTorch, all words",
        "adaptive": "PyTorch, adaptive",
    }
    print("milliseconds a step, median of the rounds; in brackets how many times faster textgen's default is")
    for shape in arguments.shapes or WORD_SHAPES:
        left, right, vocabulary = shape.split(",")
        numbers = *map(int, left.split("x")), *map(int, right.split("x")), int(vocabulary)
        workers = {name: Worker(python, __file__, name, numbers) for name, python in contenders.items()}
        seconds = take_turns(workers, dict.fromkeys(contenders, WORD_STEPS), arguments.rounds)
        median = {name: statistics.median(values) for name, values in seconds.items()}
        cells = [f"{left}, {right}, {int(vocabulary):,} words: {median['sampled'] * 1e3:.0f}"]
        for name, title in titles.items():
            if name in median:
                faster = ratio(seconds[name], seconds["sampled"])
                cells.append(f"{title} {median[name] * 1e3:.0f} ({faster:.2f})")
        print(" | ".join(cells), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--shapes", nargs="+")
    parser.add_argument("--unit", choices=("char", "word"), default="char")
    parser.add_argument("--before", help="with words, a checkout of an older textgen")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        name, *shape = arguments.worker
        WORKERS[name](*map(int, shape))
        return

    if arguments.unit == "word":
        compare_words(arguments)
        return

    contenders = {"textgen": sys.executable, "keras": sys.executable}
    if has_torch(arguments.torch_python):
        contenders["torch"] = arguments.torch_python
    print("milliseconds a step; ratios are how many times faster textgen is")
    print("layers x units, batch x steps    textgen    keras    torch   vs keras  vs torch   of the matrix peak")
    for shape in arguments.shapes or SHAPES:
        left, right = shape.split(",")
        numbers = *map(int, left.split("x")), *map(int, right.split("x"))
        # A few seconds of work in each turn, so that what fit does at its start has passed.
        steps = max(4, int(8e11 / arithmetic(*numbers)))
        workers = {name: Worker(python, __file__, name, numbers) for name, python in contenders.items()}
        workers["peak"] = Worker(sys.executable, __file__, "peak", numbers)
        seconds = take_turns(workers, dict.fromkeys(contenders, steps) | {"peak": 20}, arguments.rounds)
        median = {name: statistics.median(values) for name, values in seconds.items()}
        ratios = {name: ratio(seconds[name], seconds["textgen"]) for name in contenders}
        peak = 2 * 2048**3 / median["peak"]
        cells = [
            f"{median[name] * 1e3:8.1f}" if name in median else "       -" for name in ("textgen", "keras", "torch")
        ]
        faster = [f"{ratios[name]:8.2f}" if name in ratios else "       -" for name in ("keras", "torch")]
        share = arithmetic(*numbers) / median["textgen"] / peak
        row = f"{left + ', ' + right:<30} {' '.join(cells)}   {'  '.join(faster)}"
        print(f"{row}   {share:.0%} of {peak / 1e9:.0f} GFLOP/s", flush=True)


if __name__ == "__main__":
    main()
