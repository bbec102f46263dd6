"""What a poem is held to, whether it is written or judged. Knows nothing of forms."""

from dataclasses import dataclass

from textgen.corpus.forms import form_of
from textgen.options import Config, option


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


@dataclass(frozen=True)
class PoemConfig(Rules):
    """What is asked of a poem."""

    form: str = option("free", "The form that the poem keeps, one of those above.", metavar="FORM")
    start: str = option("", "How the poem begins; printed.", metavar="TEXT")
    mood: str = option("", "Text that the model reads first and that is never printed.", metavar="TEXT")
    title: str = option("", "A title; printed above, and read first by the model.", metavar="TEXT")
    rhyme: str | None = option(
        None, "The rhyme: a group of the rhyme book, or a word to rhyme with.", metavar="GROUP_OR_WORD"
    )
    count: int = option(1, "How many poems; each has a random stream of its own.", low=1, high=1_000_000)
    seed: int | None = option(None, "Same seed, same poem. [default: a new one, printed]", low=0, high=2**63 - 1)
    temperature: float = option(0.8, "0 takes the likeliest symbol that the form allows.", low=0, high=100)
    tries: int = option(12, "Lines drawn side by side for each line; the likeliest is kept.", low=1, high=512)

    def __post_init__(self):
        super().__post_init__()
        form_of(self.form)
