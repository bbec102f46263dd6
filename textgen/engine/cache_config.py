"""The options of a neural cache (`textgen.engine.cache`). Importing them does not import NumPy."""

from dataclasses import dataclass
from typing import TypedDict

from textgen.options import Config, option


@dataclass(frozen=True)
class CacheConfig(Config):
    """How much a neural cache remembers, and how much it counts. The defaults were measured (docs/log.md)."""

    cache_size: int = option(500, "With a cache, remember the last N symbols.", low=1, high=100_000, group="Advanced")
    cache_weight: float = option(
        0.1, "With a cache, give it this share of the probability.", low=0, below=1, group="Advanced"
    )
    cache_sharpness: float = option(
        1.0,
        "With a cache, prefer what followed similar states this strongly; 0 counts all that is remembered alike.",
        low=0,
        high=1000,
        group="Advanced",
    )


class CacheOptions(TypedDict, total=False):
    """The fields of CacheConfig as keyword arguments."""

    cache_size: int
    cache_weight: float
    cache_sharpness: float
