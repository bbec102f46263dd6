"""Characters a second written by textgen, by PyTorch's step loop, and by Keras's model.predict, side by side.

    python benchmarks/sampling_speed.py [--torch-python PATH] [--rounds 7] [--shapes 1x256 1x512 2x512]
      [--texts 1 4 16 32]

All write with the same model: embedding 64, a stack of LSTM layers, logits over 67 characters, temperature 0.8. textgen
is `Generator.generate_many`, whole, with the fastest compiled step and with the step in NumPy. PyTorch steps nn.LSTM
with its state carried, softmax and multinomial, in inference mode, on one thread and on all; the faster of the two
counts. Keras is what its own example of text generation does: `model.predict` over a window of the last 40 characters,
once for each character. PyTorch is measured where `--torch-python` (default: this Python) can import it.

Each contender runs in a process of its own and they take turns; ratios are medians of the rounds' ratios.
"""

import argparse
import os
import statistics
import sys

from contest import Worker, has_torch, ratio, serve, take_turns, timed

VOCABULARY, EMBEDDING, TEMPERATURE, WINDOW = 67, 64, 0.8, 40


def numpy_worker(layers, units, texts):
    os.environ["TEXTGEN_KERNEL"] = "numpy"
    textgen_worker(layers, units, texts)


def textgen_worker(layers, units, texts):
    import numpy as np

    from textgen import Generator
    from textgen.runs.config import ModelConfig, TrainingConfig
    from textgen.tokens.chars import CharTokenizer

    config = ModelConfig(vocabulary_size=VOCABULARY, embedding_size=EMBEDDING, units=units, layers=layers)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.05, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    tokenizer = CharTokenizer([chr(ord("0") + index) for index in range(VOCABULARY - 2)])
    generator = Generator.from_parts(config, TrainingConfig(), tokenizer, weights)

    def loop(number):
        written = generator.generate_many(count=texts, length=number, temperature=TEMPERATURE, seed=1)
        assert min(map(len, written)) >= number

    serve(timed(loop), 100)


def torch_worker(layers, units, texts, threads):
    import torch
    from torch import nn

    if threads:
        torch.set_num_threads(threads)
    embedding, lstm, head = (
        nn.Embedding(VOCABULARY, EMBEDDING),
        nn.LSTM(EMBEDDING, units, layers),
        nn.Linear(units, VOCABULARY),
    )

    @torch.inference_mode()
    def loop(number):
        ids, state, written = torch.full((1, texts), 2), None, []
        for _ in range(number):
            hidden, state = lstm(embedding(ids), state)
            chances = torch.softmax(head(hidden[0]) / TEMPERATURE, -1)
            ids = torch.multinomial(chances, 1).T
            written.append(ids[0].tolist())

    serve(timed(loop), 100)


def keras_worker(layers, units, texts):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    model = keras.Sequential(
        [
            keras.Input((WINDOW,)),
            keras.layers.Embedding(VOCABULARY, EMBEDDING),
            *(keras.layers.LSTM(units, return_sequences=layer + 1 < layers) for layer in range(layers)),
            keras.layers.Dense(VOCABULARY),
        ]
    )
    rng = np.random.default_rng(0)

    def loop(number):
        window = [2] * WINDOW
        for _ in range(number):
            logits = model.predict(np.array([window]), verbose=0)[0].astype(np.float64) / TEMPERATURE
            chances = np.exp(logits - logits.max())
            window = [*window[1:], int(rng.choice(VOCABULARY, p=chances / chances.sum()))]

    serve(timed(loop))


WORKERS = {"textgen": textgen_worker, "numpy": numpy_worker, "torch": torch_worker, "keras": keras_worker}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--shapes", nargs="+", default=["1x256", "1x512", "2x512"])
    parser.add_argument("--texts", nargs="+", type=int, default=[1, 4, 16, 32])
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        name, *numbers = arguments.worker
        WORKERS[name](*map(int, numbers))
        return

    torch = has_torch(arguments.torch_python)
    print("characters a second, all texts together; ratios are how many times faster textgen is")
    print("layers x units, texts     textgen  in NumPy      torch  predict  vs NumPy   vs torch  vs predict")
    for shape in arguments.shapes:
        layers, units = map(int, shape.split("x"))
        for texts in arguments.texts:
            numbers = (layers, units, texts)
            workers = {name: Worker(sys.executable, __file__, name, numbers) for name in ("textgen", "numpy")}
            # About a second of work in each turn.
            work = 4e8 / (units**2 * (2 * layers - 1) + 4e4) / texts**0.6
            turns = dict.fromkeys(workers, max(int(work), 50))
            if torch:
                for name, threads in (("torch on one thread", 1), ("torch", 0)):
                    workers[name] = Worker(arguments.torch_python, __file__, "torch", (*numbers, threads))
                    turns[name] = max(int(work / 5), 20)
            if texts == 1:
                workers["keras"], turns["keras"] = Worker(sys.executable, __file__, "keras", numbers), 10
            seconds = take_turns(workers, turns, arguments.rounds)
            rates = {name: texts / statistics.median(values) for name, values in seconds.items()}
            rival = min((name for name in seconds if name.startswith("torch")), key=lambda n: -rates[n], default=None)
            cells = [f"{shape + ', ' + str(texts):<22}", f"{rates['textgen']:10,.0f}", f"{rates['numpy']:9,.0f}"]
            cells.append(f"{rates[rival]:10,.0f}" if rival else f"{'-':>10}")
            cells.append(f"{rates['keras']:8,.1f}" if "keras" in rates else f"{'-':>8}")
            cells.append(f"{ratio(seconds['numpy'], seconds['textgen']):9.2f}")
            cells.append(f"{ratio(seconds[rival], seconds['textgen']):10.2f}" if rival else f"{'-':>10}")
            cells.append(f"{ratio(seconds['keras'], seconds['textgen']):11.0f}" if "keras" in rates else f"{'-':>11}")
            print(" ".join(cells), f"  ({rival})" if rival == "torch on one thread" else "", flush=True)


if __name__ == "__main__":
    main()
