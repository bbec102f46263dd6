"""What labels do: for the loss, for texts that are asked for by label, for classification, and for finding texts alike.

    pip install scikit-learn
    python benchmarks/labels.py voices [--minutes 2]
    python benchmarks/labels.py poems FOLDER-OR-FILES --label form [--minutes 5 | --epochs 2 --size medium]

`voices` takes three texts of corpora/ apart into documents, each with the name of its voice; `poems` takes JSON as in
the chinese-poetry collection. Every tenth document of each label is held out. Printed, each in one run:

1. the held-out loss of one model with labels, of one without, of one told labels that it is not told now, and of
   separate models for each label, which share the same minutes, or have as many minutes each. With --epochs, all make
   as many passes over their text, so that the separate models together make as many steps as the others;
2. texts written with each label and guidance, and without: how many a classifier of character n-grams (scikit-learn)
   takes for the label, and how varied they are (distinct-4);
3. the accuracy on held-out documents of the model's classifier, of Bayes' rule, and of scikit-learn's;
4. how often the document nearest to a held-out one has its label, by the model's vectors and by TF-IDF.
"""

import argparse
import csv
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from textgen import Generator
from textgen.corpus.documents import read_corpus
from textgen.engine.measure import distinct
from textgen.reading.accuracy import measured
from textgen.reading.neighbours import nearest

CORPORA = Path(__file__).resolve().parent.parent / "corpora"
VOICES = ("ferryman", "lamplighter", "headlines")
GUIDANCES = (1.0, 1.5, 2.0)
HELD_OUT = 10  # one document in so many
FIELD, TEXT = "label", "text"


def voices():
    """Documents of three voices: paragraphs, poems, and groups of headlines."""
    for name in VOICES:
        text = (CORPORA / f"{name}.txt").read_text("utf-8")
        if name == "headlines":
            lines = [line for line in text.split("\n") if line.strip()]
            blocks = ["\n".join(lines[at : at + 6]) for at in range(0, len(lines), 6)]
        else:
            blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
        yield from ((name, block) for block in blocks)


def poems(paths, label, most):
    """Poems with their label; of the labels those of most poems."""
    corpus = read_corpus(paths, label=(label,))
    found = [(own, text) for (own,), text in zip(corpus.labelled, corpus.documents, strict=True) if own]
    counts = corpus.labels[label]
    kept = set(sorted((each for each in counts if each), key=lambda each: -counts[each])[:most])
    return [(own, text) for own, text in found if own in kept]


def written(folder, documents):
    """Write the documents to learn from and those held out as tables; return both."""
    sides, seen = ([], []), defaultdict(int)
    for label, text in documents:
        seen[label] += 1
        sides[seen[label] % HELD_OUT == 0].append((label, text))
    chance = np.random.default_rng(0)
    for name, rows in zip(("train", "held"), sides, strict=True):
        order = chance.permutation(len(rows))
        table(folder / f"{name}.csv", [rows[place] for place in order])
        for label in seen:
            table(folder / f"{name}-{list(seen).index(label)}.csv", [rows[at] for at in order if rows[at][0] == label])
    return sides


def table(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([(FIELD, TEXT), *rows])


def trained(folder, name, text, extent, options=()):
    """Train on a table, for some minutes or passes; return the run."""
    run = folder / name
    command = [sys.executable, "-m", "textgen", "train", str(folder / text), "--field", TEXT, *extent]
    command += ["--out", str(run), "--sample-length", "0", "--validation", "0.02", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return run


def loss(run, text, *options):
    """Bits a character of a held-out table."""
    command = [sys.executable, "-m", "textgen", "evaluate", str(run), str(text), "--json", *options]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found["carried"]["bits_per_character"]


def show(name, *values):
    print(f"{name:<44}" + "".join(f"{value:>14}" for value in values), flush=True)


def losses(folder, labels, minutes, epochs, options):
    """The first part; returns the run with labels."""

    def extent(share):
        return ["--epochs", str(epochs)] if epochs else ["--minutes", str(max(minutes * share, 0.3))]

    told = trained(folder, "told", "train.csv", extent(1), ["--label", FIELD, "--classify", FIELD, *options])
    plain = trained(folder, "plain", "train.csv", extent(1), options)
    show("held-out loss", "bits/character")
    show("with labels", f"{loss(told, folder / 'held.csv', '--label', FIELD):.4f}")
    show("the same, not told now", f"{loss(told, folder / 'held.csv'):.4f}")
    show("without labels", f"{loss(plain, folder / 'held.csv'):.4f}")
    characters = sum(len(text) for _, text in rows_of(folder / "held.csv"))
    shares = {1: "separate models, as many passes each"}
    if not epochs:
        shares = {1 / len(labels): "separate models, minutes shared", 1: "separate models, as many minutes each"}
    for share, name in shares.items():
        total = 0.0
        for number in range(len(labels)):
            run = trained(folder, f"own-{number}-{share:.2f}", f"train-{number}.csv", extent(share), options)
            bits = loss(run, folder / f"held-{number}.csv")
            total += bits * sum(len(text) for _, text in rows_of(folder / f"held-{number}.csv"))
        show(name, f"{total / characters:.4f}")
    return told


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def asked_for(generator, labels, classifier, length, number):
    """The second part."""
    show("texts asked for by label", "right", "distinct-4")
    for guidance in (0.0, *GUIDANCES):
        right, texts = 0, []
        for seed, label in enumerate(labels):
            own = generator.with_labels({FIELD: label}, guidance=guidance) if guidance else generator
            some = own.generate_many("", count=number, length=length, seed=seed)
            right += int((classifier.predict(some) == label).sum())
            texts += some
        name = f"guidance {guidance:g}" if guidance else "not told"
        show(f"  {name}", f"{right / len(texts):.1%}", f"{distinct(texts, 4):.3f}")


def main():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("voices", "poems"))
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--label", default="form", help="of poems: form or author")
    parser.add_argument("--most", type=int, default=4, help="labels of poems")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--epochs", type=int, help="passes over the text, in place of minutes; choose a --size too")
    parser.add_argument("--size", help="of the models")
    parser.add_argument("--texts", type=int, default=50, help="texts to write of each label")
    parser.add_argument("--train", nargs="+", default=[], metavar="OPTION", help="more options of textgen train")
    arguments = parser.parse_args()
    documents = (
        list(voices()) if arguments.kind == "voices" else poems(arguments.paths, arguments.label, arguments.most)
    )
    labels = list(dict.fromkeys(label for label, _ in documents))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        training, held = written(folder, documents)
        print(f"{len(training):,} documents to learn from, {len(held):,} held out; {', '.join(labels)}")
        size = ["--size", arguments.size] if arguments.size else []
        run = losses(folder, labels, arguments.minutes, arguments.epochs, [*size, *arguments.train])
        features = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
        classifier = make_pipeline(features, LogisticRegression(C=10, max_iter=1000))
        classifier.fit([text for _, text in training], [label for label, _ in training])
        generator = Generator.load(str(run))
        length = int(np.median([len(text) for _, text in held]))
        asked_for(generator, labels, classifier, length, arguments.texts)

        held = held[:: max(len(held) // 500, 1)][:500]
        texts, true = [text for _, text in held], [label for label, _ in held]
        classes = generator.classify(texts)
        show("accuracy on held-out documents", "right", "ECE")
        ways = {"the model's classifier": classes.by_classifier, "Bayes' rule": classes.by_bayes}
        for name, probabilities in ways.items():
            found = measured(classes.labels, probabilities, true)
            show(f"  {name}", f"{found.share:.1%}", f"{found.calibration_error:.3f}")
        found = measured(list(classifier.classes_), classifier.predict_proba(texts), true)
        show("  character n-grams (scikit-learn)", f"{found.share:.1%}", f"{found.calibration_error:.3f}")

        learned = training[:5000]
        vectors = generator.encode_texts([text for _, text in learned])
        own = generator.encode_texts(texts)
        right = [
            learned[nearest(vectors, query, 1)[0].number][0] == label for query, label in zip(own, true, strict=True)
        ]
        show("the nearest document has the same label", f"{np.mean(right):.1%}")
        tfidf = (
            TfidfVectorizer(sublinear_tf=True)
            if arguments.kind == "voices"
            else TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
        )
        known = tfidf.fit_transform([text for _, text in learned])
        best = np.asarray((tfidf.transform(texts) @ known.T).argmax(axis=1)).ravel()
        right = [learned[place][0] == label for place, label in zip(best, true, strict=True)]
        show("  by TF-IDF (scikit-learn)", f"{np.mean(right):.1%}")


if __name__ == "__main__":
    main()
