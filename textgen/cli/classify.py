"""textgen classify: find which label each text has."""

import json
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import click

from textgen.cli.console import note, show_row, show_text
from textgen.cli.options import (
    GroupedCommand,
    command_option,
    encoding_option,
    field_option,
    json_option,
    overwrite_option,
    reading_of,
)
from textgen.corpus.documents import Corpus, text_for
from textgen.errors import UsageError
from textgen.reading.accuracy import Accuracy, measured
from textgen.reading.texts import Texts, read
from textgen.runs.run import load_run
from textgen.shown import one_line
from textgen.system.wording import count
from textgen.writing.classes import Classes
from textgen.writing.generator import Generator

# Characters of a text that its line shows, and of a label in the confusion matrix.
MAX_SHOWN, MAX_LABEL = 40, 12
# Labels of a confusion matrix that is printed; the picture shows more.
MAX_MATRIX = 10
CLASSIFIER, BAYES = "by the classifier", "by Bayes' rule"


@click.command("classify", cls=GroupedCommand)
@click.argument("run")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@command_option("--text", metavar="TEXT", help="Classify this text, not a file.")
@command_option(
    "--name", metavar="NAME", help="Find this label. [default: that of the run's classifier, or its only one]"
)
@command_option("--out", metavar="FILE", help="Draw the confusion matrix into this file, .png or .svg (extra 'plots').")
@overwrite_option("an existing file")
@field_option
@encoding_option
@json_option("one JSON object")
def classify_command(
    run: str,
    files: tuple[str, ...],
    text: str | None,
    name: str | None,
    out: str | None,
    overwrite: bool,
    field: str | None,
    encoding: str | None,
    as_json: bool,
) -> None:
    """Find which label each text has, with a run that was trained with --label or --classify.

    There are two ways. A run that was trained with --classify has a classifier. Every run with labels can find the
    label that makes the text least surprising (Bayes' rule with a uniform prior).

    If the files have the label too, the command also prints the accuracy, the calibration error and the confusion
    matrix.

    \b
      textgen classify novels letter.txt
      textgen classify novels --text "It was the best of times."
      textgen classify novels held-out.csv --out confusion.png
    """
    if text is None and not files:
        raise UsageError("give a FILE (- is standard input) or --text")
    if text is not None and files:
        raise UsageError("give either FILE or --text, not both")
    if out is not None:
        from textgen.inspection.plots.canvas import picture_file, save

        picture = picture_file(out, overwrite)
    found = load_run(run)
    generator = Generator.of_run(found)
    names = [labels.name for labels in generator.label_sets]
    asked = name or found.model.classify or (names[0] if len(names) == 1 else None)
    training = reading_of(found.training, field)
    if text is not None:
        texts = Texts(Corpus("text", (text_for(training, text),)))
    else:
        texts = read(training, files, encoding, asked)
    classes = generator.classify(texts.documents, name)
    ways = _ways(classes, texts)
    if as_json:
        show_text(json.dumps(_values(str(found.path), classes, texts, ways), ensure_ascii=False))
    else:
        for line in _lines(classes, texts):
            show_row(line)
        for line in _summary(classes, texts, ways):
            show_row(line)
    if out is not None:
        if not ways:
            raise UsageError(f"`out`: there is no confusion matrix, since no text has a known {classes.name}")
        from textgen.reading.pictures import draw_confusion

        save(draw_confusion(classes.name, ways), picture)
        note(f"picture: {picture}")


def _ways(classes: Classes, texts: Texts) -> list[tuple[str, Accuracy]]:
    """How well each way does on the texts whose label is known to the run; empty where there are none."""
    chosen = [number for number, label in enumerate(texts.labels) if label in classes.labels]
    if not chosen:
        return []
    true = [texts.labels[number] for number in chosen]
    ways = [(BAYES, classes.by_bayes)]
    if classes.by_classifier is not None:
        ways.insert(0, (CLASSIFIER, classes.by_classifier))
    return [(way, measured(classes.labels, probabilities[chosen], true)) for way, probabilities in ways]


def _lines(classes: Classes, texts: Texts) -> Iterator[str]:
    """One line for each text: the label and its probability in each way, the true one, and how the text begins."""
    labels = texts.labels or repeat("")
    for number, (document, true) in enumerate(zip(texts.documents, labels, strict=False)):
        parts = [
            f"{classes.labels[place := int(row[number].argmax())] or '(none)'} {row[number, place]:.2f}"
            for row in (classes.by_classifier, classes.by_bayes)
            if row is not None
        ]
        is_right = f"[{true or '(none)'}]" if texts.labels else ""
        yield "  ".join(filter(None, [*(f"{part:<24}" for part in parts), is_right, one_line(document)[:MAX_SHOWN]]))


def _summary(classes: Classes, texts: Texts, ways: list[tuple[str, Accuracy]]) -> Iterator[str]:
    """The accuracy of each way, and the confusion matrix of the first."""
    if not ways:
        return
    yield ""
    unknown = len(texts.documents) - ways[0][1].texts
    if unknown:
        yield f"{count(unknown, 'text')} left out, with a {classes.name} that the run does not know"
    for way, accuracy in ways:
        yield (
            f"{way}: {accuracy.right:,} of {count(accuracy.texts, 'text')} right, {accuracy.share:.1%}; "
            f"expected calibration error {accuracy.calibration_error:.3f}"
        )
    way, accuracy = ways[0]
    if len(accuracy.labels) <= MAX_MATRIX:
        yield ""
        yield f"{way}; rows: the {classes.name}; columns: the predicted {classes.name}"
        names = [one_line(label or "(none)")[:MAX_LABEL] for label in accuracy.labels]
        yield " " * (MAX_LABEL + 1) + " ".join(f"{name:>{MAX_LABEL}}" for name in names)
        for name, row in zip(names, accuracy.confusion.tolist(), strict=True):
            yield f"{name:<{MAX_LABEL}} " + " ".join(f"{number:>{MAX_LABEL},}" for number in row)


def _values(run: str, classes: Classes, texts: Texts, ways: list[tuple[str, Accuracy]]) -> dict[str, Any]:
    """Everything as plain JSON values."""

    def rounded(rows: Any) -> Any:
        return None if rows is None else [[round(float(each), 6) for each in row] for row in rows]

    return {
        "run": run,
        "name": classes.name,
        "labels": list(classes.labels),
        "classifier": rounded(classes.by_classifier),
        "bayes": rounded(classes.by_bayes),
        "true": list(texts.labels) or None,
        "accuracy": {
            way: {
                "texts": each.texts,
                "right": each.right,
                "share": each.share,
                "calibration_error": each.calibration_error,
                "confusion": each.confusion.tolist(),
            }
            for way, each in (("classifier" if way == CLASSIFIER else "bayes", each) for way, each in ways)
        },
    }
