"""textgen write: a dialogue in which a run proposes how a text goes on."""

import errno
import sys
from collections.abc import Callable
from typing import Any

import click

from textgen import arguments
from textgen.cli.chosen import chosen_run
from textgen.cli.console import note, show_text, styled, tell, wants_colour
from textgen.cli.options import (
    GroupedCommand,
    command_option,
    given,
    label_options,
    options_of,
    overwrite_option,
)
from textgen.engine.label_config import LabelConfig
from textgen.errors import PromptError, TextgenError
from textgen.sampling.config import SamplingConfig
from textgen.sampling.transforms import TransformConfig
from textgen.system.files import atomic_text_file, check_free
from textgen.writing.cowriter import CoWriter, Proposal
from textgen.writing.generator import Generator

HELP = """a number takes that proposal; Enter asks for others; anything else is your own text.
  /undo            take back the latest step
  /temperature X   safer below 1, wilder above
  /words N         words in a proposal
  /ways N          proposals at a time
  /line            begin a new line
  /text            show the whole text
  /save FILE       write it to a file
  /quit            end, and print the text
Your own text is joined with a space where two words would touch; begin it
with + to go on within a word, or to begin it with a number or a slash.
Commands may be shortened: /u, /t 0.5, /s poem.txt, /q."""

MAX_WORDS, MAX_WAYS = 50, 9  # words in a proposal; proposals at a time

SHOWN_LINES = 4  # of the text, above the proposals


@click.command("write", cls=GroupedCommand)
@click.argument("run", required=False)
@command_option("--prompt", group="Text", metavar="TEXT", default="", help="Begin with this text.")
@command_option(
    "--words",
    group="Text",
    type=click.IntRange(1, MAX_WORDS),
    default=3,
    show_default=True,
    metavar="N",
    help="Propose N words at a time.",
)
@command_option(
    "--ways",
    group="Text",
    type=click.IntRange(1, MAX_WAYS),
    default=5,
    show_default=True,
    metavar="N",
    help="Show N proposals at a time.",
)
@options_of(TransformConfig, first=("temperature", "top_k", "top_p", "min_p"))
@options_of(LabelConfig)
@command_option(
    "--seed",
    group="Text",
    type=click.IntRange(0),
    metavar="N",
    help="Repeat the proposals of this seed. [default: a new one, printed]",
)
@command_option("--out", group="Output", metavar="FILE", help="Also write the text to this file at the end.")
@overwrite_option("an existing file")
def write_command(
    run: str | None, prompt: str, words: int, ways: int, out: str | None, overwrite: bool, **options: Any
) -> None:
    """Write a text together with a run: it proposes how to go on; you choose, or type your own.

    The dialogue is on standard error. At the end, also after Ctrl-C, the text is printed on standard output. A script
    can write the lines in place of a person. A run that was trained with --direction backward proposes whole lines.

    \b
      textgen write story
      textgen write story --prompt "Once upon a time" --words 5 --temperature 1.1
      printf '1\\n2\\nand then\\n/save tale.txt\\n' | textgen write story --seed 7 > tale.txt
    """
    if out is not None:
        check_free(out, overwrite)
    prompt = arguments.text("prompt", prompt)
    labels = label_options(options)
    SamplingConfig(**given(options))  # so that a mistake in them is reported before a run is loaded
    path = chosen_run(run)
    generator = Generator.load(path)
    if labels:
        generator = generator.with_labels(labels.label, labels.guidance)
    writer = CoWriter(generator, prompt, words=words, ways=ways, **given(options))
    note(f"run {path}, seed {writer.seed}; {HELP.splitlines()[0]}")
    if writer.by_line:
        note(
            "this run writes each line from its end: a proposal is a whole line, and so is each text of your own; the "
            f"percentage is that of a {writer.noun}, a mean over the line"
        )
    note("/help tells more, /quit ends.")
    try:
        Dialogue(writer).run()
    finally:
        try:
            if out is not None:
                with atomic_text_file(out, overwrite) as file:
                    file.write(_ended(writer))
        finally:  # where one place cannot be written, the text is in the other
            show_text(_ended(writer), end="")


def _ended(writer: CoWriter) -> str:
    """The text with a line's end; whole lines have theirs."""
    return writer.text if writer.by_line and writer.text else writer.text + "\n"


class Dialogue:
    """Shows the text and its proposals, and does what each typed line asks for."""

    def __init__(self, writer: CoWriter) -> None:
        self.writer = writer
        self.colour = wants_colour(sys.stderr)
        self.proposals: list[Proposal] = []
        self.saved: set[str] = set()  # files of its own, which it may overwrite
        self.is_over = False
        # Where a shortened command fits several, the first is meant: /t is the temperature.
        self.commands: dict[str, Callable[[str], None]] = {
            "undo": self.undo,
            "temperature": self.temperature,
            "words": lambda argument: self.set_number("words", argument, MAX_WORDS),
            "ways": lambda argument: self.set_number("ways", argument, MAX_WAYS),
            "text": lambda argument: self.say(self.writer.text),
            "save": self.save,
            "line": self.line,
            "quit": self.quit,
            "help": lambda argument: self.say(HELP),
        }

    def run(self) -> None:
        """Ask for lines until the person ends the dialogue or the input ends."""
        self.propose()
        while not self.is_over:
            line = self.ask()
            if line is None:
                return
            try:
                self.obey(line)
            except TextgenError as error:
                note(str(error))

    def ask(self) -> str | None:
        """The next line without its end; None at the end of the input."""
        if sys.stdin is None:  # closed
            return None
        if sys.stdin.isatty() and sys.stdout.isatty():
            import readline  # noqa: F401 (from now on input() lets a line be edited)

            try:
                return input("> ")
            except EOFError:
                self.say("")
                return None
            except KeyboardInterrupt:
                self.say("")  # so that the text does not begin behind the prompt
                raise
        self.say("> ", end="")
        line = _read_line()
        if not line:
            self.say("")
            return None
        if not sys.stdin.isatty():
            self.say(line.rstrip("\n"))  # so that the output reads like a dialogue
        return line.rstrip("\n")

    def obey(self, line: str) -> None:
        """Run a command, take a proposal, add the person's own text, or, at an empty line, propose again."""
        if line.startswith("/"):
            word, _, argument = line[1:].partition(" ")
            matching = [name for name in self.commands if word and name.startswith(word)]
            name = word if word in self.commands else matching[0] if matching else ""
            if not name:
                self.say(f"there is no /{word}; to begin your own text with a slash, type +{line}")
            self.commands[name or "help"](argument.strip())
        elif (number := whole_number(line.strip())) is not None:
            self.take(number, line)
        elif line.strip():
            self.add(line)
        else:
            self.propose()

    def take(self, number: int, line: str) -> None:
        """Take a proposal by its number."""
        if not 1 <= number <= len(self.proposals):
            self.say(f"there are proposals 1 to {len(self.proposals)}; to write the number itself, type +{line}")
            return
        self.writer.take(self.proposals[number - 1])
        self.propose()

    def add(self, line: str) -> None:
        """Add the person's own text, after a space where two words would touch."""
        text = self.writer.text
        if line.startswith("+"):
            line = line[1:]
        elif text and not text[-1].isspace() and not line[0].isspace() and (line[0].isalnum() or line[0] in "\"'("):
            line = " " + line
        unknown = self.writer.add(line)
        if unknown:
            self.say(
                f"in your text, but unknown to the model: {', '.join(repr(each.strip() or each) for each in unknown)}"
            )
        self.propose()

    def undo(self, argument: str) -> None:
        """Take back the latest step."""
        if not self.writer.undo():
            self.say("nothing to undo")
        self.propose()

    def temperature(self, argument: str) -> None:
        """Set the temperature, or say what it is."""
        if argument:
            self.writer.temperature = argument
            self.propose()
        else:
            self.say(f"the temperature is {self.writer.temperature}")

    def set_number(self, name: str, argument: str, most: int) -> None:
        """Set an attribute of the writer that is a whole number from 1."""
        if name == "words" and self.writer.by_line:
            self.say("this run proposes whole lines")
            return
        number = whole_number(argument)
        if number is None or not 1 <= number <= most:
            self.say(f"/{name} takes a whole number from 1 to {most}; it is {getattr(self.writer, name)}")
            return
        setattr(self.writer, name, number)
        self.propose()

    def line(self, argument: str) -> None:
        """Begin a new line."""
        self.writer.add("\n")
        self.propose()

    def quit(self, argument: str) -> None:
        """End the dialogue."""
        self.is_over = True

    def save(self, path: str) -> None:
        """Write the text to a file."""
        if not path:
            self.say("/save takes the name of a file")
            return
        with atomic_text_file(path, overwrite=path in self.saved) as file:
            file.write(_ended(self.writer))
        self.saved.add(path)
        self.say(f"saved {len(self.writer.text)} characters to {path}")

    def propose(self) -> None:
        """Show the end of the text and new proposals. /text shows all of it."""
        self.proposals = self.writer.propose()
        self.say("")
        text = self.writer.text.removesuffix("\n") if self.writer.by_line else self.writer.text
        for line in text.split("\n")[-SHOWN_LINES:]:
            self.say(styled(line, self.colour, bold=True))
        for number, proposal in enumerate(self.proposals, 1):
            probability = proposal.mean_probability if self.writer.by_line else proposal.probability
            chance = styled(f"{percent(probability):>8}", self.colour, dim=True)
            shown = styled(proposal.text.replace("\n", "\u21b5"), self.colour, fg="cyan")
            self.say("  ", styled(str(number), self.colour, bold=True), " ", chance, "  ", shown)

    def say(self, *parts: str, end: str = "\n") -> None:
        """Print a line of the dialogue."""
        tell(*parts, end=end)


def _read_line() -> str:
    """The next line of standard input, with its end; empty at the end of the input. Raises PromptError."""
    try:
        return sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise PromptError(f"standard input: not UTF-8 ({error.reason}); convert it, for instance with iconv") from None
    except OSError as error:
        if error.errno == errno.EIO:  # a terminal that is gone
            return ""
        raise PromptError(f"standard input: cannot be read: {error.strerror}; give lines of text") from None


def whole_number(text: str) -> int | None:
    """The number that a person typed; None for other text. Nobody means a number of more than nine digits."""
    # ² is a digit to `isdigit`, and ٣ one to `int`.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def percent(probability: float) -> str:
    """A probability in percent, to two digits, in at most eight characters."""
    value = probability * 100
    if value >= 9.95:
        return f"{value:.0f}%"
    if value >= 0.0001:
        return f"{float(f'{value:.2g}'):.7f}".rstrip("0").rstrip(".") + "%"
    return "<0.0001%"
