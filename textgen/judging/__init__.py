"""Measures of poems beside those of human poems: judge.

    from textgen.judging import judge

    print(judge("poems.txt", reference="human.json", form="jueju7").measures)

Each name is imported when it is first used. Type checkers and editors see the same names as ordinary imports.
"""

from typing import TYPE_CHECKING

from textgen.lazy import attributes

__all__ = ["Judgement", "Measure", "judge"]

# Where each public name is defined.
_HOMES = {
    "Judgement": "textgen.judging.judgement",
    "Measure": "textgen.judging.judgement",
    "judge": "textgen.judging.measuring",
}

if TYPE_CHECKING:
    from textgen.judging.judgement import Judgement, Measure
    from textgen.judging.measuring import judge

else:  # hidden from type checkers, which would otherwise accept any name
    __getattr__ = attributes(__name__, _HOMES)
