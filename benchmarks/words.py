"""What models of words learn from a text in equal time: textgen, an older textgen, an AWD-LSTM in PyTorch.

    python benchmarks/words.py TEXT [--minutes 15] [--before CHECKOUT] [--torch-python PATH] [--only NAME ...]
                               [--reference-minutes 20] [--softmax full adaptive]

All read the same words (textgen's 10,000 most frequent ones), learn from the first nine tenths of the text, one after
the other, each for as many minutes, its start included, and predict the last tenth. Printed: steps, the perplexity of
a symbol and the perplexity of a word as papers count it; for textgen also with its cache and with dynamic evaluation.

The reference is the model of Merity, Keskar and Socher (2017), "Regularizing and Optimizing LSTM Language Models":
tied weights, weight drop, variational and embedding dropout, activation regularisation, windows of varying length, the
softmax over all words. Its sizes and rates suit minutes on a CPU and not days on a GPU; they are options below. The
paper averages the steps of plain descent, which needs many passes over the text; here it is Adam with a cosine to the
end of the time, which learns more in minutes. `--softmax adaptive` gives it an adaptive softmax (Grave et al. 2017) in
place of the tied weights. `--reference-minutes` gives the references more time: where they are still behind, textgen is
faster by that factor at equal loss.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HELD_OUT = 0.1
# Seconds kept free for the evaluation and the end of the process.
RESERVE = 0.04
# The options of the reference, with the best values that were found.
REFERENCE = {
    "layers": 1,
    "embedding": 512,
    "units": 512,
    "batch": 16,
    "length": 64,
    "rate": 8e-3,
    "clip": 0.5,
    "embedding_dropout": 0.0,
    "input_dropout": 0.1,
    "hidden_dropout": 0.1,
    "output_dropout": 0.2,
    "weight_drop": 0.1,
    "alpha": 0.5,
    "beta": 0.5,
    "seed": 0,
}


def prepare(path, folder):
    """Write the ids of both parts, and the held-out text; return the lengths that perplexities divide by."""
    import numpy as np

    from textgen.corpus.documents import read_for
    from textgen.planning.plan import plan
    from textgen.runs.config import ModelConfig, TrainingConfig

    training = TrainingConfig(validation=HELD_OUT, minutes=1)
    text = read_for(training, [path])
    planned = plan(text, ModelConfig(tokenizer="word"), training)
    encoded = planned.text
    np.savez(folder / "ids.npz", training=encoded.ids, held_out=encoded.held_out)
    (folder / "held-out.txt").write_text("\n\n".join(text.split(HELD_OUT)[1]), "utf-8")
    return planned.tokenizer.vocabulary_size, encoded.held_out_extent.words


def with_textgen(path, minutes, folder, extra=(), python_path=None):
    """Train and return the best validation loss of the run (nats a symbol), its steps and the run."""
    run = folder / f"run-{len(list(folder.iterdir()))}"
    environment = dict(os.environ) | ({"PYTHONPATH": str(python_path)} if python_path else {})
    command = [sys.executable, "-m", "textgen", "train", path, "--unit", "word", "--minutes", str(minutes)]
    command += ["--validation", str(HELD_OUT), "--out", str(run), "--sample-length", "0", *extra]
    subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL, cwd=folder)
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text("utf-8").splitlines()]
    return lines[-1]["step"], run


def evaluated(run, folder, flags=(), python_path=None):
    """The losses that textgen evaluate finds on the held-out text, nats a symbol by name."""
    environment = dict(os.environ) | ({"PYTHONPATH": str(python_path)} if python_path else {})
    command = [sys.executable, "-m", "textgen", "evaluate", str(run), str(folder / "held-out.txt"), "--json", *flags]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True, cwd=folder)
    return {name: each["nats"] for name, each in json.loads(done.stdout).items() if isinstance(each, dict)}


def reference(folder, vocabulary, minutes, options):
    """The AWD-LSTM: trains for some minutes and prints its held-out loss and its steps as JSON."""
    began = time.monotonic()
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(options.seed)
    with np.load(Path(folder) / "ids.npz") as ids:
        training, held_out = (torch.from_numpy(ids[name].astype(np.int64)) for name in ("training", "held_out"))
    is_adaptive = options.softmax == ["adaptive"]
    if is_adaptive:  # it wants the most frequent symbols first
        places = torch.empty(vocabulary, dtype=torch.int64)
        places[torch.argsort(torch.bincount(training, minlength=vocabulary), descending=True)] = torch.arange(
            vocabulary
        )
        training, held_out = places[training], places[held_out]
    batch, length, size, units = options.batch, options.length, options.embedding, options.units
    span = len(training) // batch
    rows = training[: span * batch].reshape(batch, span).T.contiguous()

    sizes = [size] + [units] * (options.layers - 1) + [size]
    layers = nn.ModuleList(nn.LSTM(sizes[at], sizes[at + 1]) for at in range(options.layers))
    table = nn.Parameter(torch.empty(vocabulary, size).uniform_(-0.1, 0.1))
    bias = nn.Parameter(torch.zeros(vocabulary))
    with torch.no_grad():  # as textgen begins too: it would be no fair comparison without
        counts = torch.bincount(training, minlength=vocabulary) + 1
        bias.copy_(torch.log(counts / counts.sum()))
    cutoffs = [vocabulary // 5, vocabulary // 2]
    adaptive = nn.AdaptiveLogSoftmaxWithLoss(size, vocabulary, cutoffs)
    parameters = [table, *layers.parameters(), *(adaptive.parameters() if is_adaptive else [bias])]
    optimizer = torch.optim.Adam(parameters, options.rate, weight_decay=0)

    def locked(x, rate):
        if not rate:
            return x
        return x * torch.empty(1, *x.shape[1:]).bernoulli_(1 - rate) / (1 - rate)

    def run(x, state, drop):
        embedding = table
        if drop and options.embedding_dropout:
            kept = 1 - options.embedding_dropout
            embedding = table * torch.empty(vocabulary, 1).bernoulli_(kept) / kept
        x, after = functional.embedding(x, embedding), []
        x = locked(x, options.input_dropout if drop else 0)
        for at, layer in enumerate(layers):
            weights = dict(layer.named_parameters())
            if drop and options.weight_drop:
                weights["weight_hh_l0"] = functional.dropout(weights["weight_hh_l0"], options.weight_drop)
            x, new = torch.func.functional_call(layer, weights, (x, state[at]))
            after.append(tuple(part.detach() for part in new))
            raw = x
            last = at + 1 == options.layers
            x = locked(x, (options.output_dropout if last else options.hidden_dropout) if drop else 0)
        return x, raw, after

    def zeros(count):
        return [(torch.zeros(1, count, out), torch.zeros(1, count, out)) for out in sizes[1:]]

    def loss_of(x, targets):
        if is_adaptive:
            return adaptive(x.reshape(-1, size), targets.reshape(-1)).loss
        return functional.cross_entropy(x.reshape(-1, size) @ table.T + bias, targets.reshape(-1))

    seconds = 60 * minutes * (1 - RESERVE)
    state, place, steps = zeros(batch), 0, 0
    while (spent := time.monotonic() - began) < seconds:
        share = spent / seconds
        rate = options.rate * (min(share / 0.05, 1) if share < 0.05 else (1 + math.cos(math.pi * share)) / 2)
        window = length if torch.rand(()) < 0.95 else length // 2
        window = max(5, int(torch.normal(float(window), 5.0, ())))
        if place + window + 1 > span:
            place, state = 0, zeros(batch)
        inputs, targets = rows[place : place + window], rows[place + 1 : place + window + 1]
        place += window
        for group in optimizer.param_groups:
            group["lr"] = rate * window / length
        x, raw, state = run(inputs, state, drop=True)
        loss = loss_of(x, targets)
        loss = loss + options.alpha * x.pow(2).mean() + options.beta * (raw[1:] - raw[:-1]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, options.clip)
        optimizer.step()
        steps += 1
    with torch.no_grad():
        total, state = 0.0, zeros(1)
        for at in range(0, len(held_out) - 1, 256):
            inputs, targets = held_out[at : at + 256][: len(held_out) - 1 - at], held_out[at + 1 : at + 257]
            x, _, state = run(inputs[:, None], state, drop=False)
            total += float(loss_of(x, targets)) * len(targets)
    print(json.dumps({"nats": total / (len(held_out) - 1), "steps": steps, "seconds": time.monotonic() - began}))


def show(name, steps, nats, symbols, words):
    """Print a line of the table."""
    print(f"{name:<28} {steps:>7} {math.exp(nats):>10.2f} {math.exp(nats * symbols / words):>10.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--reference-minutes", type=float, help="of the references, where they get more time")
    parser.add_argument(
        "--softmax", nargs="+", choices=("full", "adaptive"), default=["full"], help="of the references"
    )
    parser.add_argument("--before", help="a checkout of an older textgen")
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--only", nargs="+", choices=("textgen", "before", "reference"))
    parser.add_argument("--evaluate", nargs="*", choices=("cache", "dynamic"), default=["cache", "dynamic"])
    parser.add_argument("--train", nargs="+", default=[], metavar="OPTION", help="more options of textgen train")
    for name, default in REFERENCE.items():
        flag = name.replace("_", "-")
        parser.add_argument(f"--{flag}", type=type(default), default=default, help=f"of the reference: {default}")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        reference(arguments.worker[0], int(arguments.worker[1]), arguments.minutes, arguments)
        return
    names = arguments.only or ["textgen", "before", "reference"]
    path = str(Path(arguments.text).resolve())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        vocabulary, words = prepare(path, folder)
        import numpy as np

        with np.load(folder / "ids.npz") as ids:
            symbols = len(ids["held_out"]) - 1
        print(f"{arguments.minutes:g} minutes each; {symbols:,} symbols and {words:,} words held out")
        print(f"{'':<28} {'steps':>7} {'perplexity':>10} {'of a word':>10}")
        if "textgen" in names:
            steps, run = with_textgen(path, arguments.minutes, folder, arguments.train)
            losses = evaluated(run, folder, [f"--{name}" for name in arguments.evaluate])
            show("textgen", steps, losses["carried"], symbols, words)
            for name in arguments.evaluate:
                show(f"  with --{name}", steps, losses[name], symbols, words)
        if "before" in names and arguments.before:
            before = Path(arguments.before).resolve()
            steps, run = with_textgen(path, arguments.minutes, folder, python_path=before)
            show("older checkout", steps, evaluated(run, folder, python_path=before)["carried"], symbols, words)
        for softmax in arguments.softmax if "reference" in names else ():
            own = [
                f"--{name.replace('_', '-')}={value}" for name, value in vars(arguments).items() if name in REFERENCE
            ]
            own += ["--softmax", softmax, "--minutes", str(arguments.reference_minutes or arguments.minutes)]
            command = [arguments.torch_python, __file__, path, *own, "--worker", str(folder), str(vocabulary)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            show(f"AWD-LSTM in PyTorch, {softmax}", found["steps"], found["nats"], symbols, words)


if __name__ == "__main__":
    main()
