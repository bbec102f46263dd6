"""textgen inspect"""

import click

from textgen.cli.options import encoding_option, note
from textgen.corpus.documents import read_for
from textgen.errors import UsageError
from textgen.inspection import output as inspecting
from textgen.inspection.backward import HELD, MAX_SYMBOLS
from textgen.inspection.looks import DEFAULT_COUNT, MAX_COUNT, look
from textgen.inspection.plots import PICTURES
from textgen.inspection.plots.canvas import FORMATS
from textgen.runs.run import load_run
from textgen.system import extras
from textgen.system.files import check_folder, check_free
from textgen.writing.generator import Generator, new_seed


class Inspect(click.Command):
    """A command whose help lists the pictures."""

    def format_options(self, ctx, formatter):
        with formatter.section("Pictures"):
            formatter.write_dl(list(PICTURES.items()))
        super().format_options(ctx, formatter)


@click.command(name="inspect", cls=Inspect)
@click.argument("run")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--text", help="The text itself, in place of a file.")
@click.option("--prompt", default="", help="Without a text: how what the run writes begins.")
@click.option(
    "--temperature", default="0.8", show_default=True, metavar="X", help="Without a text: of what the run writes."
)
@click.option("--seed", type=click.IntRange(min=0), help="Without a text: of what the run writes.")
@click.option(
    "--from", "start", type=click.IntRange(min=1), default=1, help="The first symbol that is shown.  [default: 1]"
)
@click.option(
    "--length",
    "count",
    type=click.IntRange(1, MAX_COUNT),
    default=DEFAULT_COUNT,
    show_default=True,
    help="How many symbols are shown, or written.",
)
@click.option(
    "--unit", "units", multiple=True, metavar="LAYER:UNIT", help="A unit to watch, counted from 0. Repeatable."
)
@click.option("--out", metavar="DIR", help="The folder of pictures and page. [default: inspect-<run>]")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    default=("png",),
    show_default=True,
    help="Of the pictures. Repeatable.",
)
@click.option("--pictures/--no-pictures", default=True, show_default=True, help="Pictures, by matplotlib.")
@click.option("--page/--no-page", default=True, show_default=True, help="The page, index.html.")
@click.option("--npz", metavar="FILE", help="All of it as arrays, for numpy.load.")
@click.option(
    "--gradients",
    is_flag=False,
    flag_value="",
    metavar="[TEXT]",
    help=f"In place of all that: how far back the loss reaches, and how far with the forget gates held at {HELD}.",
)
@click.option("--overwrite", is_flag=True, help="Replace files of the same names.")
@encoding_option
def command(
    run,
    files,
    text,
    prompt,
    temperature,
    seed,
    start,
    count,
    units,
    out,
    formats,
    pictures,
    page,
    npz,
    gradients,
    overwrite,
    encoding,
):
    """Show what happens inside a run while it reads a text: every gate, the cell state, surprise.

    The text is a file (- is standard input), --text, or what the run itself writes. Writes pictures and a page to point
    at, which needs no network; prints the units that follow the position in the line, quotes, capitals, words: found on
    one half of the text, with their correlation on the other, and the largest that chance gives. Pictures need the
    extra 'plots': pip install 'textgen-lstm[plots]'.

    \b
      textgen inspect story --text "It was a dark and stormy night."
      textgen inspect story letter.txt --out pictures --format png --format svg
      textgen inspect story --length 300 --seed 7
      textgen inspect story letter.txt --unit 0:243 --from 1001
      textgen inspect story letter.txt --npz gates.npz --no-pictures --no-page
      textgen inspect story letter.txt --gradients
    """
    if text is not None and files:
        raise UsageError("a FILE and --text are two texts; give one")
    if gradients and (files or text is not None):
        raise UsageError("--gradients TEXT and another text are two texts; give one")
    if pictures:
        extras.check("matplotlib", "drawing pictures (--no-pictures leaves them out)")
    chosen = [_unit(each) for each in units]
    found = load_run(run)
    generator = Generator.from_parts(found.model, found.training, found.tokenizer, found.weights)
    name = found.path.absolute().name
    folder = out or (f"inspect-{name}" if gradients is None else f"gradients-{name}")
    if pictures or (page and gradients is None):
        check_folder(folder, overwrite)
    if npz:
        check_free(npz, overwrite)
    told = []
    text = gradients or text
    if files:
        text = read_for(found.training, list(files), encoding, whole=True).documents
    elif text is None:
        seed = new_seed() if seed is None else seed
        text = generator.generate(prompt, length=count, temperature=temperature, seed=seed)
        told = [f"text: {count} {generator.tokenizer.noun}s that {name} wrote, seed {seed}"]
    if gradients is not None:
        own, held, is_cut = inspecting.compare_gradients(generator, text)
        if is_cut:
            told.append(f"note: followed through the first {MAX_SYMBOLS:,} {generator.tokenizer.noun}s")
        for line in inspecting.gradient_table(own, held):
            click.echo(line)
        drawn = list(inspecting.write_gradients(name, own, held, folder, formats)) if pictures else []
        for line in [*told, *(f"picture: {path}" for path in drawn)]:
            note(line)
        return
    seen = look(generator, text, name, start - 1, count, chosen)
    for line in [*told, *(f"note: {each}" for each in seen.notes)]:
        note(line)
    for line in _followers(seen):
        click.echo(line)
    if npz:
        inspecting.write_arrays(seen.trace, npz)
        note(f"arrays: {npz}")
    if pictures:
        drawn = list(inspecting.write_pictures(seen, folder, formats))
        if lacking := inspecting.characters_without_font(seen):
            note(
                f"note: no font on this machine holds {''.join(lacking[:20])}: pictures show boxes; install one that "
                "does, such as Noto Sans CJK for Chinese (Debian: fonts-noto-cjk); the page shows them all the same"
            )
        note(f"pictures: {len(drawn)} in {folder}")
    if page:
        note(f"page: {inspecting.write_page(seen, folder)}")


def _unit(text):
    layer, _, unit = text.partition(":")
    if not (layer.isdecimal() and unit.isdecimal()):
        raise UsageError(f"--unit takes LAYER:UNIT, two whole numbers such as 0:17; got {text!r}")
    return int(layer), int(unit)


def _followers(seen):
    found = [each.follows for each in seen.watched if each.follows]
    if found:
        yield f"{'follows':<22} {'layer':>5} {'unit':>5} {'found':>7} {'elsewhere':>10} {'chance':>7}"
    for each in found:
        doubt = "" if each.holds else "  does not hold"
        yield (
            f"{each.name:<22} {each.layer:>5} {each.unit:>5} {each.correlation:>+7.2f} {each.elsewhere:>+10.2f} "
            f"{each.chance:>7.2f}{doubt}"
        )
