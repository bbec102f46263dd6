"""textgen inspect and textgen gradients: what happens inside a run as it reads a text."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from textgen import arguments
from textgen.cli.console import note, show_row
from textgen.cli.options import (
    Decorated,
    GroupedCommand,
    command_option,
    encoding_option,
    hold_option,
    overwrite_option,
)
from textgen.corpus.documents import read_for, text_for
from textgen.errors import UsageError
from textgen.inspection import output
from textgen.inspection.backward import MAX_SYMBOLS as MAX_FOLLOWED
from textgen.inspection.looks import DEFAULT_COUNT, Look, look
from textgen.inspection.looks import MAX_COUNT as MAX_SHOWN
from textgen.inspection.plots import PICTURES
from textgen.inspection.plots.canvas import FORMATS
from textgen.runs.run import Run, load_run
from textgen.shown import one_line
from textgen.system import extras
from textgen.system.files import check_folder, check_free
from textgen.writing.generator import Generator
from textgen.writing.sampler import new_seed

MAX_UNIT_DIGITS = 40  # of --unit: more than any run has


@dataclass(frozen=True)
class Reading:
    """The options of both commands: which run reads which text, and where the pictures go."""

    run: str
    files: tuple[str, ...]
    text: str | None
    encoding: str | None
    prompt: str
    temperature: str
    seed: int | None
    count: int
    out: str | None
    formats: tuple[str, ...]
    pictures: bool
    overwrite: bool
    label: tuple[str, ...]
    hold: tuple[str, ...]

    def check(self) -> None:
        """Raise UsageError for two texts, and for pictures that cannot be drawn."""
        if self.text is not None and self.files:
            raise UsageError("give either FILE or --text, not both")
        arguments.text("text", self.text or "")
        arguments.text("prompt", self.prompt)
        if self.pictures:
            extras.check("matplotlib", "drawing pictures (--no-pictures leaves them out)")

    def read(self, run: Run, generator: Generator) -> tuple[str | tuple[str, ...], list[str]]:
        """The text, or the documents of the files, or what the run writes; and notes for the person."""
        if self.files:
            return read_for(run.training, list(self.files), self.encoding, whole=True).documents, []
        if self.text is not None:
            return text_for(run.training, self.text), []
        seed = new_seed() if self.seed is None else self.seed
        text = generator.generate(self.prompt, length=self.count, temperature=self.temperature, seed=seed)
        return text, [f"text: {self.count} {generator.tokenizer.noun}s that {_name(run)} wrote, seed {seed}"]


def reading_options(out: str, length: str) -> Callable[[Decorated], Decorated]:
    """A decorator that adds the arguments and options of Reading.

    Args:
        out: the default of --out.
        length: the help of --length.
    """
    options: list[Callable[[Any], Any]] = [
        click.argument("run"),
        click.argument("files", nargs=-1, metavar="[FILE]..."),
        command_option("--text", group="Text", metavar="TEXT", help="Read this text, not a file."),
        encoding_option,
        command_option(
            "--prompt", group="Text", default="", metavar="TEXT", help="Begin the text that the run writes."
        ),
        command_option(
            "--temperature",
            group="Text",
            default="0.8",
            show_default=True,
            metavar="X",
            help="Set the temperature of the text that the run writes.",
        ),
        command_option(
            "--seed", group="Text", type=click.IntRange(min=0), metavar="N", help="Seed the text that the run writes."
        ),
        command_option(
            "--length",
            "count",
            group="Text",
            type=click.IntRange(1, MAX_SHOWN),
            default=DEFAULT_COUNT,
            show_default=True,
            metavar="N",
            help=length,
        ),
        command_option("--out", group="Output", metavar="DIR", help=f"Write to this folder. [default: {out}]"),
        command_option(
            "--pictures/--no-pictures",
            group="Output",
            default=True,
            show_default=True,
            help="Draw pictures with matplotlib (extra 'plots').",
        ),
        command_option(
            "--format",
            "formats",
            group="Output",
            multiple=True,
            type=click.Choice(FORMATS),
            default=("png",),
            show_default=True,
            help="Draw pictures in this format. Repeatable.",
        ),
        overwrite_option("existing files of the same names"),
        command_option(
            "--label",
            group="Text",
            multiple=True,
            metavar="LABEL",
            help="Tell the model this label of the text, NAME=LABEL. Repeatable.",
        ),
        hold_option,
    ]

    def add(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.command("inspect", cls=GroupedCommand, tables=lambda: {"Pictures": list(PICTURES.items())})
@reading_options("inspect-<run>", "Show N symbols; without a text, the run writes N.")
@command_option(
    "--from", "start", group="Text", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
    help="Show the text from symbol N.",
)  # fmt: skip
@command_option(
    "--unit", "units", group="Output", multiple=True, metavar="LAYER:UNIT",
    help="Show this unit, counted from 0. Repeatable.",
)  # fmt: skip
@command_option(
    "--page/--no-page", group="Output", default=True, show_default=True, help="Write an interactive page, index.html."
)
@command_option("--npz", group="Output", metavar="FILE", help="Also save all arrays to this .npz file.")
@command_option(
    "--gradients", is_flag=False, flag_value="", metavar="[TEXT]", hidden=True, help="See textgen gradients."
)
def inspect_command(
    start: int, units: tuple[str, ...], page: bool, npz: str | None, gradients: str | None, **options: Any
) -> None:
    """Show what happens inside a run while it reads a text: every gate, the cell state, surprise.

    The text is a file (- is standard input), --text, or what the run itself writes. Writes pictures, and an interactive
    page that needs no network. Prints the units that track the position in the line, quotes, capitals or words. These
    are selected on the first half of the text and checked on the second: their correlation there is printed beside the
    largest that chance gives.

    \b
      textgen inspect story --text "It was a dark and stormy night."
      textgen inspect story letter.txt --out pictures --format png --format svg
      textgen inspect story --length 300 --seed 7
      textgen inspect story letter.txt --unit 0:243 --from 1001
      textgen inspect story letter.txt --npz gates.npz --no-pictures --no-page
    """
    reading = Reading(**options)
    if gradients is not None:  # the older spelling of `textgen gradients`
        _show_gradients(_with_text(reading, gradients))
        return
    reading.check()
    chosen = [_unit(each) for each in units]
    run, generator = _load(reading)
    folder = reading.out or f"inspect-{_name(run)}"
    if reading.pictures or page:
        check_folder(folder, reading.overwrite)
    if npz:
        check_free(npz, reading.overwrite)
    text, notes = reading.read(run, generator)
    seen = look(generator, text, _name(run), start - 1, reading.count, chosen)
    for line in [*notes, *(f"note: {each}" for each in seen.notes)]:
        note(line)
    for line in _followers(seen):
        show_row(line)
    if any(each.follows and not each.follows.holds for each in seen.watched):
        note("note: not confirmed: the second half of the text disagrees, or its correlation is not above chance")
    if npz:
        output.write_arrays(seen.trace, npz)
        note(f"arrays: {npz}")
    if reading.pictures:
        _draw(seen, folder, reading.formats)
    if page:
        note(f"page: {output.write_page(seen, folder)}")


@click.command("gradients", cls=GroupedCommand)
@reading_options("gradients-<run>", "Without a text, the run writes N symbols.")
def gradients_command(**options: Any) -> None:
    """Show how far back in a text a run's gradients reach: their norm by distance from the loss.

    Beside each, the norm with the forget gates held at 0.5, so that what the gates keep can be seen. The text is a file
    (- is standard input), --text, or what the run itself writes. Prints a table and draws a picture.

    \b
      textgen gradients story letter.txt
      textgen gradients story --text "It was a dark and stormy night." --no-pictures
      textgen gradients story --length 300 --seed 7 --out pictures
    """
    _show_gradients(Reading(**options))


def _show_gradients(reading: Reading) -> None:
    reading.check()
    run, generator = _load(reading)
    folder = reading.out or f"gradients-{_name(run)}"
    if reading.pictures:
        check_folder(folder, reading.overwrite)
    text, notes = reading.read(run, generator)
    own, held, is_cut = output.compare_gradients(generator, text)
    if is_cut:
        notes.append(f"note: followed through the first {MAX_FOLLOWED:,} {generator.tokenizer.noun}s")
    for line in output.gradient_table(own, held):
        show_row(line)
    drawn = output.write_gradients(_name(run), own, held, folder, reading.formats) if reading.pictures else ()
    for line in [*notes, *(f"picture: {path}" for path in drawn)]:
        note(line)


def _with_text(reading: Reading, text: str) -> Reading:
    """The reading of `--gradients TEXT`; without TEXT, of the other options."""
    if text and (reading.files or reading.text is not None):
        raise UsageError("give either --gradients TEXT or another text, not both")
    return dataclasses.replace(reading, text=text or reading.text)


def _load(reading: Reading) -> tuple[Run, Generator]:
    run = load_run(reading.run)
    generator = Generator.of_run(run)
    if reading.hold:
        generator = generator.with_hold(reading.hold)
    return run, generator.with_labels(reading.label) if reading.label else generator


def _name(run: Run) -> str:
    """The run's name as it can be shown: bytes in it that are no text, and what acts on a terminal, become escapes."""
    return one_line(run.path.absolute().name)


def _unit(text: str) -> tuple[int, int]:
    layer, _, unit = text.partition(":")
    if not (layer.isdecimal() and unit.isdecimal() and len(text) <= MAX_UNIT_DIGITS):
        raise arguments.refused("units", "LAYER:UNIT, two whole numbers such as 0:17", text)
    return int(layer), int(unit)


def _draw(seen: Look, folder: str, formats: tuple[str, ...]) -> None:
    drawn = list(output.write_pictures(seen, folder, formats))
    if lacking := output.characters_without_font(seen):
        note(
            f"note: no font on this machine holds {''.join(lacking[:20])}: pictures show boxes, the page shows them "
            "all the same; install a font that has them, such as Noto Sans CJK for Chinese (Debian: fonts-noto-cjk)"
        )
    note(f"pictures: {len(drawn)} in {folder}")


def _followers(seen: Look) -> Iterator[str]:
    """Lines of a table: the units that follow a property of the text."""
    found = [each.follows for each in seen.watched if each.follows]
    if found:
        yield f"{'follows':<22} {'layer':>5} {'unit':>5} {'first half':>11} {'second half':>12} {'chance':>7}"
    for each in found:
        doubt = "" if each.holds else "  not confirmed"
        yield (
            f"{each.name:<22} {each.layer:>5} {each.unit:>5} {each.correlation:>+11.2f} {each.elsewhere:>+12.2f} "
            f"{each.chance:>7.2f}{doubt}"
        )
