"""textgen write"""

import sys

import click

from textgen.cli.options import Sectioned, given, note, options_of, wants_colour
from textgen.errors import TextgenError
from textgen.runs.folder import find_run
from textgen.system.files import atomic_text_file, check_free
from textgen.writing.cowriter import CoWriter
from textgen.writing.generator import Generator
from textgen.writing.transforms import TransformConfig

HELP = """a number takes that proposal; Enter asks for others; anything else is your own text.
  /undo            take back the latest step          /temperature X   bolder below 1, wilder above
  /words N         words in a proposal                /ways N          proposals at a time
  /text            show the whole text                /save FILE       write it to a file
  /line            begin a new line                   /quit            end, and print the text
Your own text is joined with a space where two words would touch; begin it with + to go on within a word, or to begin
it with a number or a slash. Commands may be shortened: /u, /t 0.5, /s poem.txt, /q."""

COMMANDS = ("undo", "temperature", "words", "ways", "text", "save", "line", "quit", "help")


@click.command(name="write", cls=Sectioned)
@click.argument("run", required=False)
@click.option("--prompt", metavar="TEXT", default="", help="Text to begin with.")
@click.option("--words", type=click.IntRange(1, 50), default=3, show_default=True, help="Words in a proposal.")
@click.option("--ways", type=click.IntRange(1, 9), default=5, show_default=True, help="Proposals at a time.")
@click.option("--seed", type=click.IntRange(0), help="Same seed, same proposals. [default: a new one, printed]")
@click.option("--out", metavar="FILE", help="At the end, write the text to this file as well.")
@click.option("--overwrite", is_flag=True, help="Replace a file that --out names.")
@options_of(TransformConfig, section="What changes the probabilities, in the order in which it is applied")
def command(run, prompt, words, ways, seed, out, overwrite, **options):
    """Write a text together with a run: it proposes how to go on, you choose, or type your own.

    The dialogue is on standard error; at the end the text is printed on standard output, also after Ctrl-C. Lines of
    a script do as well as a person's.

    \b
      textgen write story
      textgen write story --prompt "Once upon a time" --words 5 --temperature 1.1
      printf '1\\n2\\nand then\\n/save tale.txt\\n' | textgen write story --seed 7 > tale.txt
    """
    if out is not None:
        check_free(out, overwrite)
    path = find_run(run)
    writer = CoWriter(Generator.load(path), prompt, words=words, ways=ways, **given(options | {"seed": seed}))
    note(f"run {path}, seed {writer.seed}; {HELP.splitlines()[0]}\n/help tells more, /quit ends.")
    try:
        Dialogue(writer).run()
    finally:
        click.echo(writer.text)
        if out is not None:
            with atomic_text_file(out, overwrite) as file:
                file.write(writer.text + "\n")


class Dialogue:
    """What is shown, and what is done with each line that is typed."""

    def __init__(self, writer):
        self.writer = writer
        self.colour = wants_colour(sys.stderr)
        self.proposals = []
        self.saved = set()
        self.is_over = False

    def run(self):
        self.propose()
        while not self.is_over:
            line = self.ask()
            if line is None:
                return
            try:
                self.obey(line)
            except TextgenError as error:
                self.say(str(error))

    def ask(self):
        """The next line without its end; None at the end of the input."""
        if sys.stdin.isatty() and sys.stdout.isatty():
            import readline  # noqa: F401 (from now on input() lets a line be edited)

            try:
                return input("> ")
            except EOFError:
                self.say("")
                return None
        self.say("> ", end=False)
        line = sys.stdin.readline()
        if not line:
            self.say("")
            return None
        if not sys.stdin.isatty():
            self.say(line.rstrip("\n"))  # so that what is shown reads like a dialogue
        return line.rstrip("\n")

    def obey(self, line):
        if line.startswith("/"):
            self.do(*line[1:].partition(" ")[::2])
        elif line.strip().isdigit():
            number = int(line)
            if not 1 <= number <= len(self.proposals):
                self.say(f"there are proposals 1 to {len(self.proposals)}; to write the number itself, type +{line}")
                return
            self.writer.take(self.proposals[number - 1])
            self.propose()
        elif line.strip():
            self.add(line)
        else:
            self.propose()

    def add(self, line):
        text = self.writer.text
        if line.startswith("+"):
            line = line[1:]
        elif text and not text[-1].isspace() and not line[0].isspace() and (line[0].isalnum() or line[0] in "\"'("):
            line = " " + line
        unknown = self.writer.add(line)
        if unknown:
            self.say(f"the model never saw {', '.join(map(repr, unknown))}, and reads past")
        self.propose()

    def do(self, word, argument):
        names = [name for name in COMMANDS if word and name.startswith(word)]
        # Of several that begin so, the first in the list is meant (/t is the temperature).
        name = word if word in COMMANDS else names[0] if names else "help"
        if name == "quit":
            self.is_over = True
        elif name == "undo":
            if not self.writer.undo():
                self.say("nothing to undo")
            self.propose()
        elif name == "temperature":
            if argument.strip():
                self.writer.temperature = argument.strip()
                self.propose()
            else:
                self.say(f"the temperature is {self.writer.temperature}")
        elif name in ("words", "ways"):
            most = 50 if name == "words" else 9
            if not argument.strip().isdigit() or not 1 <= int(argument) <= most:
                self.say(f"/{name} takes a whole number from 1 to {most}; it is {getattr(self.writer, name)}")
                return
            setattr(self.writer, name, int(argument))
            self.propose()
        elif name == "line":
            self.writer.add("\n")
            self.propose()
        elif name == "text":
            self.say(self.writer.text)
        elif name == "save":
            self.save(argument.strip())
        else:
            self.say(HELP)

    def save(self, path):
        if not path:
            self.say("/save takes the name of a file")
            return
        with atomic_text_file(path, overwrite=path in self.saved) as file:
            file.write(self.writer.text + "\n")
        self.saved.add(path)
        self.say(f"saved {len(self.writer.text)} characters to {path}")

    def propose(self):
        self.proposals = self.writer.propose()
        # The last lines are enough to go on from; /text shows all.
        lines = self.writer.text.split("\n")
        self.say("")
        for line in lines[-4:]:
            self.say(click.style(line, bold=True))
        for number, proposal in enumerate(self.proposals, 1):
            chance = click.style(f"{percent(proposal.probability):>8}", dim=True)
            shown = click.style(proposal.text.replace("\n", "\u21b5"), fg="cyan")
            self.say(f"  {click.style(str(number), bold=True)} {chance}  {shown}")

    def say(self, text, end=True):
        click.echo(text, err=True, nl=end, color=self.colour)


def percent(probability):
    """A probability in percent, to two digits, in at most eight characters."""
    value = probability * 100
    if value >= 9.95:
        return f"{value:.0f}%"
    if value >= 0.0001:
        return f"{float(f'{value:.2g}'):.7f}".rstrip("0").rstrip(".") + "%"
    return "<0.0001%"
