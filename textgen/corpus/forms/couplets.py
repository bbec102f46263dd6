"""The couplet (對聯): a second line answers a first one, of the same length, with opposite tones.

The first line ends oblique and the second level; in between, the even places are opposite (Wang Li, 漢語詩律學).
"""

from collections.abc import Sequence

from textgen.corpus.forms.layout import Layout, VerseLine

# Characters of each line where no first line is given.
USUAL_LENGTH = 7
_OPPOSITE = {(True, False): "Z", (False, True): "P"}


def couplet_layout(first: Sequence[tuple[bool, bool]], tones: str) -> Layout:
    """The two lines of a couplet.

    Args:
        first: for each character of the first line whether it has a level reading, and an oblique one. Empty for a
            couplet of two new lines, which then alternate by the type of regulated verse (NPNZNPZ, NZNPNZP).
        tones: "strict", "variants" and "relaxed" keep the even places and the end opposite, "off" none.
    """
    if not first:
        upper, lower = ("N" * USUAL_LENGTH,) * 2 if tones == "off" else ("NPNZNPZ", "NZNPNZP")
    else:
        last = len(first) - 1
        # A given first line stands as it is. A second line ends level unless the first does so without doubt.
        upper = "N" * len(first)
        lower = "".join(
            _OPPOSITE.get(own, "P" if place == last else "N") if place % 2 or place == last else "N"
            for place, own in enumerate(first)
        )
        lower = lower if tones != "off" else upper
    return Layout("", (VerseLine((upper,), mark="，"), VerseLine((lower,), mark="。")))
