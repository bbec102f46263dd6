"""The command line: parse, call one function, print. Each command's module is imported when the command is called.

Options come from the declarations in `textgen.runs.config`, `textgen.sampling.config` and `textgen.verse.config`. Text
goes to standard output, everything else to standard error. Here alone a TextgenError becomes one line and an exit code.
This module imports nothing heavy, so that `textgen --help` answers at once.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NoReturn

import click

from textgen._version import __version__
from textgen.errors import OutOfMemoryError, StorageError, TextgenError
from textgen.shown import one_line
from textgen.system import memory
from textgen.system.imports import without_collections
from textgen.system.interrupts import Received, ending, raising_on_signals
from textgen.system.terminal import OutputClosed, standard_streams

# Each command's module below `textgen.cli` and its line in `textgen --help`, in the order a newcomer meets them. The
# module's `NAME_command` is the command, such as `train_command`.
COMMANDS = {
    "train": ("train", "Learn a text."),
    "sample": ("sample", "Write text."),
    "poem": ("poem", "Write poems that keep a form, or check poems."),
    "write": ("write", "Write a text together with a run."),
    "score": ("score", "Show how surprising each symbol of a text is."),
    "page": ("page", "Make a web page that writes with a run."),
    "serve": ("serve", "Serve runs to other programs."),
    "classify": ("classify", "Find which label each text has."),
    "similar": ("similar", "Find texts that are alike."),
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


# Where a context keeps the arguments as they were given.
ARGUMENTS = "textgen.arguments"

# What newer versions of Click raise to show the help of a group that was called without arguments.
_HELP: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())


class Commands(click.Group):
    """The group of commands. Here errors become a line and an exit code."""

    _received = Received()

    def main(self, *args: Any, **settings: Any) -> Any:
        """Parse the arguments and run the command, with streams that filter what is shown and with signals handled."""
        with standard_streams(), raising_on_signals() as received:
            self._received = received
            try:
                return super().main(*args, **settings)
            except SystemExit as end:
                if end.code == 1 and received.error:  # Click's own end of an interrupted command
                    _end_interrupted(received.error)
                raise

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **settings: Any) -> click.Context:
        """Parse the arguments. `--help` and `--version` print here."""
        given = list(args)  # Click takes them out
        with self._exit_codes():
            context = super().make_context(info_name, args, *rest, **settings)
        context.meta[ARGUMENTS] = given
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was called."""
        with self._exit_codes(ctx):
            _check_working_folder()
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result

    @contextlib.contextmanager
    def _exit_codes(self, ctx: click.Context | None = None) -> Iterator[None]:
        """Turn what ends a command into one line and an exit code."""
        try:
            yield
        except TextgenError as error:
            from textgen.cli.console import with_flags  # here, since only errors need it

            command = self.get_command(ctx, ctx.invoked_subcommand or "") if ctx else None
            _end(with_flags(str(error), command or self), error.exit_code)
        except MemoryError:
            _end("out of memory: free some, or raise the limit (ulimit -v)", OutOfMemoryError.exit_code)
        except OutputClosed:
            sys.exit(0)
        except KeyboardInterrupt as error:
            _end_interrupted(type(error))
        except click.UsageError as error:
            if isinstance(error, _HELP):
                raise
            # It quotes the arguments.
            raise click.UsageError(one_line(error.format_message()), error.ctx) from None
        except Exception:
            # Foreign code may have made any other error of a signal that came while it was called.
            if self._received.error is None:
                raise
            _end_interrupted(self._received.error)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context | None, name: str) -> click.Command | None:
        """Import a command. None where there is none of that name."""
        if name not in COMMANDS:
            return None
        if name not in WITHOUT_NUMPY:
            memory.check_for_numpy()
        with without_collections():
            module = import_module(f"textgen.cli.{COMMANDS[name][0]}")
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


def _end(line: str, code: int) -> NoReturn:
    with contextlib.suppress(OutputClosed, StorageError):  # there is an error to tell of already
        sys.stdout.flush()
    sys.stderr.write(f"textgen: {one_line(line)}\n")
    sys.exit(code)


def _end_interrupted(error: type[KeyboardInterrupt]) -> NoReturn:
    code, words = ending(error)
    _end(words, code)


def _check_working_folder() -> None:
    """Raise StorageError where the folder that the process works in was deleted."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise StorageError("the working folder was deleted; change to another folder") from None


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="textgen")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Train an LSTM on any text file, then write in that text's voice.

    \b
      textgen train story.txt                    learn; keeps everything in checkpoints/story
      textgen sample --temperature 0.8           write, with the newest run
      textgen sample story --prompt "Once "      write, with a run by name
      textgen write story                        write together with it
      textgen COMMAND --help                     explain a command
    """
    if ctx.invoked_subcommand is None:
        from textgen.cli.start import show_next_steps  # here, since it looks for runs

        show_next_steps()
