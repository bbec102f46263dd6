"""A process of a group that only counts together with the others, and prints each count. Needs no Keras.

python -m tests.helpers.group_worker '{"coordinator": "127.0.0.1:4000", "index": 0, "size": 2}' [STEPS] [FACT]
"""

import json
import sys
import time

from textgen.errors import GroupError, TextgenError
from textgen.group.meeting import meet
from textgen.group.membership import Membership


def main():
    """Count to STEPS, or for ever."""
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize
    fact = sys.argv[3] if len(sys.argv) > 3 else "the same"
    try:
        with meet(Membership(**json.loads(sys.argv[1]))) as group:
            group.check_same("facts", {"`units`": fact})
            group.watch_closely()
            group.advice = "go on with: textgen train --resume RUN"
            for step in range(steps):
                found = group.gather("count", step + group.index)
                if found != [step + place for place in range(group.size)]:
                    raise GroupError(f"the numbers of step {step} are {found}")
                print(group.decide("step", step if group.is_first else -1), flush=True)
                time.sleep(0.02)
            group.gather("end", True)
    except TextgenError as error:
        sys.stderr.write(f"textgen: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
