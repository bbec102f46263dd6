"""The command line: parse, call one function, print. One file a command, read when the command is called.

Options come from the declarations in `textgen.runs.config` and `textgen.writing.sampling`. Text goes to standard
output, all else to standard error; a TextgenError becomes one line and its exit code here and nowhere else. What a
command needs is imported by its own file, so that `textgen --help` answers at once.
"""

import os
import sys
from importlib import import_module

import click

from textgen._version import __version__
from textgen.errors import TextgenError
from textgen.system.interrupts import Terminated, raising_on_sigterm

INTERRUPTED, TERMINATED = 130, 143

# Each command's line in `textgen --help`, in the order a newcomer meets them. Its file has the same name, but for those
# in SHARED.
COMMANDS = {
    "train": "Learn a text.",
    "sample": "Write text.",
    "poem": "Write poems that keep a form, or check some.",
    "write": "Write a text together with a run.",
    "score": "Show how surprising each symbol of a text is.",
    "evaluate": "Measure how well a run predicts a text.",
    "plot": "Show how runs learned.",
    "inspect": "Show what happens inside a run as it reads.",
    "info": "Describe a run.",
    "runs": "List the runs.",
    "corpora": "List, fetch and check texts.",
}
SHARED = {"info": ("runs", "info_command")}


class Commands(click.Group):
    """The group of commands; where errors become a line and an exit code."""

    def invoke(self, ctx):
        # Texts are Unicode whatever the locale says of the terminal.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            with raising_on_sigterm():
                result = super().invoke(ctx)
                sys.stdout.flush()
            return result
        except TextgenError as error:
            # Imported here, since it is needed only where something went wrong.
            from textgen.cli.options import with_flags

            command = self.get_command(ctx, ctx.invoked_subcommand or "") or self
            click.echo(f"textgen: {with_flags(str(error), command)}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            # Whoever read standard output (`| head -1`) has had enough: no error. What Python flushes at exit has
            # nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except Terminated:
            click.echo("textgen: terminated", err=True)
            ctx.exit(TERMINATED)
        except KeyboardInterrupt:
            click.echo("textgen: interrupted", err=True)
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        module, attribute = SHARED.get(name, (name, "command"))
        return getattr(import_module(f"textgen.cli.{module}"), attribute)

    def format_commands(self, ctx, formatter):
        # The table's lines: Click would load every command for them.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx, args):
        # Click suggests near names from `commands`, which is empty here.
        name = args[0]
        if name not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(COMMANDS)}."
            ctx.fail(f"No such command '{name}'.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="textgen")
def main():
    """Train an LSTM on any text file, then write in that text's voice.

    \b
      textgen train story.txt                    learn; keeps everything in checkpoints/story
      textgen sample --temperature 0.8           write, with the newest run
      textgen sample story --prompt "Once "      write, with a run by name
      textgen write story                        write together with it
    """
