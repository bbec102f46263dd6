"""The command line: parse, call one function, print. Each command's module is imported when the command is called.

Options come from the declarations in `textgen.runs.config`, `textgen.sampling.config` and `textgen.verse.config`. Text
goes to standard output, everything else to standard error. Here alone a TextgenError becomes one line and an exit code.
This module imports nothing heavy, so that `textgen --help` answers at once.
"""

import gc
import os
import sys
from importlib import import_module
from typing import Any

import click

from textgen._version import __version__
from textgen.errors import OutOfMemoryError, TextgenError
from textgen.system import memory
from textgen.system.interrupts import Terminated, raising_on_sigterm

INTERRUPTED, TERMINATED = 130, 143

# Each command's module below `textgen.cli` and its line in `textgen --help`, in the order a newcomer meets them. The
# module's `NAME_command` is the command, such as `train_command`.
COMMANDS = {
    "train": ("train", "Learn a text."),
    "sample": ("sample", "Write text."),
    "poem": ("poem", "Write poems that keep a form, or check poems."),
    "write": ("write", "Write a text together with a run."),
    "score": ("score", "Show how surprising each symbol of a text is."),
    "evaluate": ("evaluate", "Measure how well a run predicts a text."),
    "plot": ("plot", "Show how runs learned."),
    "inspect": ("inspect", "Show what happens inside a run as it reads."),
    "gradients": ("inspect", "Show how far back in a text a run's gradients reach."),
    "info": ("runs", "Describe a run."),
    "runs": ("runs", "List the runs."),
    "corpora": ("corpora", "List, fetch and check texts."),
}

# The commands that read and list only; the others import NumPy.
WITHOUT_NUMPY = {"corpora"}


class Commands(click.Group):
    """The group of commands. Here errors become a line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was called."""
        # Texts are Unicode, whatever encoding the locale gives the terminal.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            with raising_on_sigterm():
                result = super().invoke(ctx)
                sys.stdout.flush()
            return result
        except TextgenError as error:
            from textgen.cli.options import with_flags  # here, since only errors need it

            command = self.get_command(ctx, ctx.invoked_subcommand or "") or self
            click.echo(f"textgen: {with_flags(str(error), command)}", err=True)
            ctx.exit(error.exit_code)
        except MemoryError:
            click.echo("textgen: out of memory: free some, or raise the limit (ulimit -v)", err=True)
            ctx.exit(OutOfMemoryError.exit_code)
        except BrokenPipeError:
            # The program that reads standard output has ended (`| head -1`). That is no error. What Python flushes at
            # exit goes to the null device.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except Terminated:
            click.echo("textgen: terminated", err=True)
            ctx.exit(TERMINATED)
        except KeyboardInterrupt:
            click.echo("textgen: interrupted", err=True)
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context | None, name: str) -> click.Command | None:
        """Import a command. None where there is none of that name."""
        if name not in COMMANDS:
            return None
        if name not in WITHOUT_NUMPY:
            memory.check_for_numpy()
        # Imports make many objects and no garbage. Collections in between took a tenth of a short command's time.
        is_collecting = gc.isenabled()
        gc.disable()
        try:
            module = import_module(f"textgen.cli.{COMMANDS[name][0]}")
        finally:
            if is_collecting:
                gc.enable()
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from COMMANDS. Click would import every command to do so."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name, or suggest one."""
        if args[0] not in COMMANDS:
            from textgen.system.wording import did_you_mean  # here, since only errors need it

            ctx.fail(f"No such command '{args[0]}'; {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="textgen")
def main() -> None:
    """Train an LSTM on any text file, then write in that text's voice.

    \b
      textgen train story.txt                    learn; keeps everything in checkpoints/story
      textgen sample --temperature 0.8           write, with the newest run
      textgen sample story --prompt "Once "      write, with a run by name
      textgen write story                        write together with it
      textgen COMMAND --help                     explain a command
    """
