"""`textgen` and `python -m textgen`: run the command line in a process of its own.

Signals are handled before anything that takes time is imported.
"""

import sys

from textgen.system.interrupts import ending, raising_on_signals


def main() -> None:
    """Run the command that the process was started for, and end the process."""
    with raising_on_signals(ends_process=True) as received:
        try:
            from textgen.cli import main as run_command  # here, since it takes time

            run_command()
        except BaseException as error:
            # A signal during an import, whatever the import made of it. Later ones have had their line and exit code.
            if received.error is None or isinstance(error, SystemExit):
                raise
            _end(received.error)


def _end(error: type[KeyboardInterrupt]) -> None:
    from textgen.system.terminal import error_stream

    code, words = ending(error)
    stream = error_stream()
    stream.write(f"textgen: {words}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
