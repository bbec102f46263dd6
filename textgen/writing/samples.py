"""Texts in the making, and where each one ends. This module knows nothing of models or of how symbols are drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from textgen.arguments import shown
from textgen.sampling.config import SamplingConfig
from textgen.system.wording import count
from textgen.tokens.bytes import bytes_to_characters, is_byte, length_of
from textgen.tokens.layout import BOUNDARY


@dataclass(repr=False)
class Sample:
    """One text, which grows while it is written.

    Attributes:
        prompt: the text that the model read first, as the user gave it.
        number: which of the prompt's texts it is, from 0.
        parts: the text's pieces, starting with the prompt's where it is included; None where the text is not kept.
        symbols: how many symbols were drawn.
        log_probability: the sum over those symbols of the natural logarithm of their probability under the model
            (at temperature 1, whatever the options are), nats; None where it is not measured.
        ended: "length", "stop" or "documents"; None while the text is being written.
    """

    prompt: str
    number: int = 0
    parts: list[str] | None = field(default_factory=list)
    symbols: int = 0
    log_probability: float | None = None
    ended: str | None = None

    def __repr__(self) -> str:
        ended = f"ended by {self.ended}" if self.ended else "not ended"
        return f"<Sample {self.number}: {shown(self.text)}, {count(self.symbols, 'symbol')} drawn, {ended}>"

    @property
    def text(self) -> str:
        """What has been written; empty where the text is not kept."""
        return "".join(self.parts or ())

    def add(self, piece: str) -> None:
        """Append a piece of text."""
        if self.parts is not None:
            self.parts.append(piece)

    @property
    def mean_log_probability(self) -> float | None:
        """Mean log-probability of a symbol, nats; None where it is not measured or nothing was written."""
        return self.log_probability / self.symbols if self.symbols and self.log_probability is not None else None


class Writing:
    """Texts that are being written.

    Iterate it to write them: it yields pairs (Sample, piece of text that was just added to that Sample). A single text
    grows symbol by symbol; several grow side by side, some symbols at a time. It can be iterated once, and
    interrupted and continued.

    Attributes:
        samples: a Sample for each text, those of the first prompt first. Each has its text when the writing is done.
    """

    def __init__(self, samples: Sequence[Sample], pieces: Iterator[tuple[Sample, str]]) -> None:
        self.samples = samples
        self._pieces = pieces

    def __repr__(self) -> str:
        ended = sum(sample.ended is not None for sample in self.samples)
        return f"<Writing of {count(len(self.samples), 'text')}, {ended:,} ended; iterate it to write them>"

    def __iter__(self) -> Iterator[tuple[Sample, str]]:
        return self._pieces

    def finish(self) -> list[str]:
        """Write all texts to their ends and return them, in the order of `samples`."""
        for _ in self:
            pass
        return [sample.text for sample in self.samples]


class Ending:
    """Which part of a text may be shown, and whether the text is over.

    Args:
        config: what ends the text.
        backward: whether the model writes each line from its end; a line is then held until it is complete, and
            reversed.
        has_bytes: whether some symbols are bytes of a character; they are then held until the character is whole.

    Attributes:
        over: "stop" or "documents" when the text is over, else None.
    """

    def __init__(self, config: SamplingConfig, backward: bool = False, has_bytes: bool = False) -> None:
        self._stops, self._documents, self._backward = config.stop, config.documents, backward
        self._has_bytes, self._bytes = has_bytes, ""
        self._held = ""
        self._line: list[str] = []
        self.over: str | None = None

    @property
    def is_needed(self) -> bool:
        """Whether anything but the length can end the text, or the text is shown otherwise than it is drawn."""
        return bool(self._stops or self._documents or self._backward or self._has_bytes)

    def take(self, index: int, piece: str) -> str:
        """Take a symbol and its text; return the text that may be shown now."""
        reversed_line = ""
        if self._backward:
            if index != BOUNDARY and piece != "\n":
                self._line.append(piece)
                return ""
            reversed_line, self._line = bytes_to_characters("".join(reversed(self._line))), []
        if index == BOUNDARY and self._documents is not None:
            self._documents -= 1
            if not self._documents:
                self.over = "documents"
                return self.rest() + reversed_line
        if self._has_bytes:
            piece = self._whole_characters(piece)
        piece = reversed_line + piece
        if not self._stops:
            return piece
        held = self._held + piece
        found = min((at for at in map(held.find, self._stops) if at >= 0), default=None)
        if found is not None:
            self.over, self._held = "stop", ""
            return held[:found]
        # Hold back what may be the beginning of a stop.
        longest = min(len(held), max(map(len, self._stops)) - 1)
        kept = next(
            (size for size in range(longest, 0, -1) if any(stop.startswith(held[-size:]) for stop in self._stops)), 0
        )
        self._held = held[len(held) - kept :]
        return held[: len(held) - kept]

    def rest(self) -> str:
        """The text held back, for a text that ends otherwise than by a stop."""
        held = self._held + bytes_to_characters(self._bytes + "".join(reversed(self._line)))
        self._held, self._bytes, self._line = "", "", []
        return held

    def _whole_characters(self, piece: str) -> str:
        """What may be shown after a symbol: nothing while the bytes of a character are not complete."""
        self._bytes += piece
        if is_byte(piece) and len(self._bytes) < length_of(self._bytes[0]):
            return ""
        shown, self._bytes = bytes_to_characters(self._bytes), ""
        return shown
