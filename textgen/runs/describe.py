"""A run in words: what `textgen info` and `textgen runs` print. Knows nothing of the command line."""

import json
import math


def describe(run):
    """Name and value of each thing worth knowing about a run, as pairs of str."""
    model, training, about, noun = run.model, run.training, run.metadata, run.tokenizer.noun
    history = run.history()
    yield "run", str(run.path)
    if about:
        yield "corpus", f"{about['corpus']}, {about['characters']:,} characters, SHA-256 {about['corpus_sha256'][:12]}"
        yield "made", f"{about['created']} by textgen {about['textgen']} (keras {about['keras']}, {about['backend']})"
    if about.get("note"):
        yield "note", str(about["note"])
    yield "reads", f"{noun}s, a vocabulary of {model.vocabulary_size:,}, one document a {training.documents}"
    yield "model", f"{shape(model)}, {model.parameters():,} parameters"
    extent = f"{len(history)} of {training.epochs} epochs"
    if training.epochs is not None and len(history) > training.epochs:
        extent = f"{len(history)} epochs, {training.epochs} at first"
    if training.epochs is None:
        extent = f"{len(history)} epochs for --minutes {training.minutes:g}"
    yield (
        "trained",
        extent + (f", {history[-1]['step']:,} steps, {history[-1]['seconds']:.0f} s" if history else ""),
    )
    if history:
        best = best_epoch(history)
        name = measured(best)
        nats = best[f"{name}_nats"]
        yield (
            "best",
            f"epoch {best['epoch']}: {name} {nats:.4f} nats a {noun} (perplexity {math.exp(min(nats, 700)):.2f}), "
            f"{best[f'{name}_bits_per_character']:.4f} bits a character",
        )


def table(runs):
    """One line a run, under a heading; nothing for no runs."""
    rows = []
    for run in sorted(runs, key=lambda run: run.metadata.get("created", "")):
        history = run.history()
        best = best_epoch(history) if history else {}
        nats = best.get("validation_nats", best.get("training_nats"))
        loss = "-" if nats is None else f"{nats:.3f}"
        rows.append((str(run.path), shape(run.model), loss, str(len(history)), run.metadata.get("created", "-")[:16]))
    if not rows:
        return []
    rows.insert(0, ("run", "model", "nats", "epochs", "made"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def evaluations(run, results, as_json=False):
    """Lines that tell Evaluations, by the name of their protocol; or one line of JSON."""
    noun, one = run.tokenizer.noun, next(iter(results.values()))
    if as_json:
        values = {"run": str(run.path), "symbol": noun, "symbols": one.symbols, "characters": one.characters}
        values["unknown_share"] = one.unknown
        for name, result in results.items():
            values[name] = {
                "nats": result.nats,
                "bits": result.bits,
                "perplexity": result.perplexity,
                "bits_per_character": result.bits_per_character,
            } | ({"window": result.window} if result.window else {})
        yield json.dumps(values, ensure_ascii=False)
        return
    for name, result in results.items():
        name += f" of {result.window}" if result.window else ""
        line = f"{name + ':':<16} {result.nats:.4f} nats, {result.bits:.4f} bits a {noun}"
        if noun != "character":
            line += f", perplexity {result.perplexity:.2f}, {result.bits_per_character:.4f} bits a character"
        yield line
    yield f"{'unknown:':<16} {one.unknown:.2%} of {one.symbols:,} {noun}s are outside the vocabulary"


def shape(model):
    """A model in a few words: "embedding 64, LSTM 2 x 256"."""
    encoder = f"embedding {model.embedding_size}" if model.encoder == "embedding" else "one-hot"
    return f"{encoder}, LSTM {model.layers} x {model.units}"


def best_epoch(history):
    """The line of history with the lowest loss: on held-out text, or where none was held out in training."""
    return min(history, key=lambda line: line[f"{measured(line)}_nats"])


def measured(line):
    """What a line of history tells a model by: its "validation" loss, or its "training" loss where it has no other."""
    return "validation" if "validation_nats" in line else "training"
