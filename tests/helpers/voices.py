"""A small labelled text: what two voices make of the same words."""

from textgen.corpus.documents import Corpus

# Two voices that share their words, and say them in another order.
VOICES = [
    (who, " ".join(words))
    for number in range(60)
    for who, words in (
        ("Ann", ["the", "hen", "sat", "by", "the", "pond", str(number)]),
        ("Bob", [str(number), "pond", "the", "by", "sat", "hen", "the"]),
    )
]
CORPUS = Corpus(
    "voices",
    tuple(text for _, text in VOICES),
    kind="line",
    label=("who",),
    labelled=tuple((who,) for who, _ in VOICES),
)
