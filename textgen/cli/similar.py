"""textgen similar: find the texts that are most like one."""

import json
import os

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
from textgen.corpus.documents import read_for, text_for
from textgen.reading.index import vectors_of
from textgen.reading.neighbours import nearest, plane
from textgen.reading.texts import read
from textgen.runs.run import load_run
from textgen.shown import one_line
from textgen.writing.generator import Generator

# Characters of a text that its line shows.
MAX_SHOWN = 60


@click.command("similar", cls=GroupedCommand)
@click.argument("run")
@click.argument("query")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@command_option(
    "--count", "number", type=click.IntRange(1), default=5, show_default=True, metavar="N", help="Show N texts."
)
@command_option("--out", metavar="FILE", help="Draw a map of all texts into this file, .png or .svg (extra 'plots').")
@overwrite_option("an existing file")
@field_option
@encoding_option
@json_option("one JSON object a text")
def similar_command(
    run: str,
    query: str,
    files: tuple[str, ...],
    number: int,
    out: str | None,
    overwrite: bool,
    field: str | None,
    encoding: str | None,
    as_json: bool,
) -> None:
    """Find the documents that are most like QUERY, a text or the name of a file that holds one.

    A document's vector is the mean of the run's hidden states while it reads the document, and the last of them. The
    vectors of the files are kept in the cache folder, so that the next query takes a moment. Documents are files,
    blocks, lines or poems, as the run learned them.

    \b
      textgen similar novels "The river rose in the night." letters/*.txt
      textgen similar tang poem.txt tang300.json --count 3
      textgen similar novels letter.txt letters/ --out map.png
    """
    if out is not None:
        from textgen.inspection.plots.canvas import picture_file, save

        picture = picture_file(out, overwrite)
    found = load_run(run)
    generator = Generator.of_run(found)
    if os.path.isfile(query):
        query = "\n\n".join(read_for(found.training, [query], encoding, whole=True).documents)
    else:
        query = text_for(found.training, query)
    names = [labels.name for labels in generator.label_sets]
    texts = read(reading_of(found.training, field), files, encoding, found.model.classify or next(iter(names), None))
    vectors, (wanted,) = vectors_of(generator, found, texts.corpus), generator.encode_texts(query)
    for each in nearest(vectors, wanted, number):
        document, label = texts.documents[each.number], texts.labels[each.number] if texts.labels else None
        if as_json:
            values = {"number": each.number + 1, "likeness": round(each.likeness, 6), "label": label, "text": document}
            show_text(json.dumps(values, ensure_ascii=False))
        else:
            of_label = "" if label is None else f"[{one_line(label or '(none)')}]  "
            show_row(f"{each.likeness:6.3f}  {each.number + 1:>6,}  {of_label}{one_line(document)[:MAX_SHOWN]}")
    if out is not None:
        import numpy as np

        from textgen.reading.pictures import draw_map

        *places, own = plane(np.concatenate([vectors, wanted[None]]))
        save(draw_map(np.array(places), texts.labels, own), picture)
        note(f"picture: {picture}")
