"""What a loss in nats is in other words. Knows nothing of models."""

import math

# exp of more nats than this would leave the float64 numbers (709.78...).
MAX_PERPLEXITY_NATS = 700.0


def perplexity(nats: float) -> float:
    """Return exp of a mean loss in nats: how many equally likely symbols would be as hard to predict."""
    return math.exp(min(nats, MAX_PERPLEXITY_NATS))


def choices(nats: float) -> str:
    """Show among how many equally likely symbols one would be as unsure: the perplexity, in few digits."""
    number = perplexity(nats)
    return f"{number:.3g}" if number >= 1e6 else f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def uncertainty(nats: float, noun: str) -> str:
    """Say a loss in words: "as unsure as among 5.0 equally likely characters"."""
    return f"as unsure as among {choices(nats)} equally likely {noun}s"
