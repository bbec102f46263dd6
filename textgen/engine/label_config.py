"""The options that say which labels a text has (`textgen.engine.labelled`). Importing them does not import NumPy."""

from dataclasses import dataclass
from typing import TypedDict

from textgen.arguments import texts
from textgen.options import Config, option


@dataclass(frozen=True)
class LabelConfig(Config):
    """Which labels a text has, and how strongly the model follows them."""

    label: tuple[str, ...] = option(
        (),
        "Tell the model this label of the text: NAME=LABEL, or a mixture: NAME=LABEL:0.6,LABEL:0.4.",
        parse=texts,
        metavar="LABEL",
        group="Sampling",
    )
    guidance: float = option(
        1.0,
        "Follow the labels this strongly: above 1, prefer what the labels make likelier than it is without them "
        "(classifier-free guidance).",
        low=0,
        high=100,
        group="Sampling",
    )


class LabelOptions(TypedDict, total=False):
    """The fields of LabelConfig as keyword arguments."""

    label: tuple[str, ...]
    guidance: float
