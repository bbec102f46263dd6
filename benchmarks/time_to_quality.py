"""How good a text is predicted after so many minutes, start and end of the process included.

    python benchmarks/time_to_quality.py TEXT [--minutes 0.5 1.25 2 5] [--torch-python PATH] [--runs DIR]

For each budget `textgen train TEXT --minutes M` runs as a process of its own, whose wall time is measured from outside;
then the held-out tenth of the text, which it has not learned from, is measured with carried state and in independent
windows of 256 and of 64 symbols (nats a character). Where `--torch-python` (default: this Python) can import PyTorch,
the same model (PyTorch's nn.LSTM), rate, dropout and clipping, annealed over the same seconds by the clock, stand
beside it; without DropConnect on the recurrent kernel, which nn.LSTM cannot do.

One process at a time; nothing else should run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textgen.runs.run import load_run

WINDOWS = (256, 64)


# ---- the peer: a process of its own ----


def torch_worker(task):
    """Train nn.LSTM for `task["seconds"]`, counted from the process's start, and print what it reaches."""
    import math

    import numpy as np
    import torch
    from torch import nn

    ids, held_out = (torch.from_numpy(np.load(task[name])).long() for name in ("training", "held_out"))
    batch, steps, units, layers = task["batch_size"], task["sequence_length"], task["units"], task["layers"]
    embedding = nn.Embedding(task["vocabulary"], task["embedding_size"])
    lstm = nn.LSTM(task["embedding_size"], units, layers, dropout=task["dropout"] if layers > 1 else 0)
    head, dropout = nn.Linear(units, task["vocabulary"]), nn.Dropout(task["output_dropout"])
    for layer in range(layers):  # Keras's way: the forget gate begins open
        nn.init.orthogonal_(getattr(lstm, f"weight_hh_l{layer}"))
        nn.init.zeros_(getattr(lstm, f"bias_ih_l{layer}"))
        nn.init.zeros_(getattr(lstm, f"bias_hh_l{layer}"))
        getattr(lstm, f"bias_ih_l{layer}").data[units : 2 * units] = 1
    parameters = [*embedding.parameters(), *lstm.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, task["learning_rate"], eps=1e-7)

    def zeros(rows):
        return tuple(torch.zeros(layers, rows, units) for _ in range(2))

    span = len(ids) // batch
    rows = ids[: batch * span].reshape(batch, span).T.contiguous()
    state, place, number = zeros(batch), 0, 0
    while (done := (time.time() - task["began"]) / task["seconds"]) < 1:
        rate = done / 0.05 if done < 0.05 else 0.01 + 0.99 * (1 + math.cos(math.pi * (done - 0.05) / 0.95)) / 2
        optimizer.param_groups[0]["lr"] = task["learning_rate"] * rate
        inputs, targets = rows[place : place + steps], rows[place + 1 : place + steps + 1]
        outputs, state = lstm(embedding(inputs), tuple(part.detach() for part in state))
        loss = nn.functional.cross_entropy(head(dropout(outputs)).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        place, number = place + steps, number + 1
        if place + steps + 1 > span:
            state, place = zeros(batch), 0

    def measure(columns, targets):
        """Mean loss of columns (time, rows), each read from no state; targets below zero do not count."""
        with torch.no_grad():
            logits = head(lstm(embedding(columns), zeros(columns.shape[1]))[0])
            return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100).item()

    lstm.eval()
    results = {"steps": number, "carried": measure(held_out[:-1, None], held_out[1:, None])}
    for window in WINDOWS:
        count = (len(held_out) - 1) // window
        cut = [held_out[shift : shift + count * window].reshape(count, window).T for shift in (0, 1)]
        results[str(window)] = measure(*cut)
    print(json.dumps(results))


# ---- what runs them ----


def train(text, minutes, path):
    """Wall seconds of `textgen train`, from outside."""
    command = [sys.executable, "-m", "textgen", "train", str(text), "--minutes", str(minutes), "--out", str(path)]
    began = time.perf_counter()
    subprocess.run([*command, "--quiet"], check=True)
    return time.perf_counter() - began


def measured(path, text):
    """Carried and windowed losses of a run on the held-out part of its text, and both parts as ids."""
    from textgen.corpus.documents import read_corpus
    from textgen.engine.measure import evaluate
    from textgen.engine.network import Engine
    from textgen.tokens.extent import Extent
    from textgen.tokens.layout import lay_out

    run = load_run(path)
    parts = read_corpus(str(text), run.training.documents).split(run.training.validation)
    training, held_out = (lay_out(run.tokenizer, documents) for documents in parts)
    engine, extent = Engine(run.model, run.weights), Extent.of(parts[1])
    results = {"steps": run.history()[-1]["step"], "carried": evaluate(engine, held_out, extent).nats}
    results |= {str(window): evaluate(engine, held_out, extent, window).nats for window in WINDOWS}
    return run, results, training, held_out


def beside(python, run, training, held_out, seconds):
    """What the peer reaches in as many seconds."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        task = {"seconds": seconds, "vocabulary": run.model.vocabulary_size}
        for name, ids in (("training", training), ("held_out", held_out)):
            task[name] = str(Path(folder) / f"{name}.npy")
            np.save(task[name], ids)
        task |= {name: getattr(run.training, name) for name in ("batch_size", "sequence_length", "learning_rate")}
        task |= {
            name: getattr(run.model, name)
            for name in ("units", "layers", "embedding_size", "dropout", "output_dropout")
        }
        task["began"] = time.time()
        command = [python, __file__, "--worker", json.dumps(task), "-"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    parser.add_argument("--minutes", type=float, nargs="+", default=[0.5, 1.25, 2, 5])
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--runs", help="keep the runs in this folder")
    parser.add_argument("--worker", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        torch_worker(arguments.worker)
        return
    python = arguments.torch_python
    has_torch = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    heads = "minutes  who       model         seconds  of asked   steps   carried  " + "  ".join(
        f"windows {window}" for window in WINDOWS
    )
    print(heads)
    with tempfile.TemporaryDirectory() as temporary:
        for minutes in arguments.minutes:
            path = Path(arguments.runs or temporary) / f"minutes-{minutes:g}"
            seconds = train(arguments.text, minutes, path)
            run, results, training, held_out = measured(path, arguments.text)
            shape = f"{run.model.layers}x{run.model.units}"
            rows = [("textgen", seconds, results)]
            if has_torch:
                rows.append(("PyTorch", 60 * minutes, beside(python, run, training, held_out, 60 * minutes)))
            for who, taken, found in rows:
                share = f"{taken / (60 * minutes):.1%}" if who == "textgen" else ""
                print(
                    f"{minutes:7g}  {who:<8}  {shape:<12} {taken:8.1f} {share:>9} {found['steps']:7,}    "
                    f"{found['carried']:.4f}  " + "  ".join(f"{found[str(window)]:11.4f}" for window in WINDOWS),
                    flush=True,
                )


if __name__ == "__main__":
    main()
