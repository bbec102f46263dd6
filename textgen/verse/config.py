"""What a poem is held to, whether it is written or judged. Knows nothing of forms."""

from dataclasses import dataclass

from textgen.runs.config import Config, option


@dataclass(frozen=True)
class Rules(Config):
    """How strictly, by which book, and with which first characters."""

    tones: str = option(
        "strict",
        "Chinese tones: as the template has them, or only the places that count, or not at all.",
        choices=("strict", "relaxed", "off"),
    )
    rhyme_book: str = option(
        "pingshui",
        "Chinese rhymes and tones: of the Tang, or of today, or no rhyme.",
        choices=("pingshui", "modern", "off"),
    )
    acrostic: str = option("", "The first characters, or letters, of the lines.", metavar="TEXT")
    acrostic_at: str = option(
        "line", "Where the acrostic's characters stand: at each line, or each couplet.", choices=("line", "couplet")
    )
