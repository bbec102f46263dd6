"""The parts of generators made of others: of several runs, or of a run with a cache, labels or held gates."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from textgen.corpus.headings import NONE
from textgen.corpus.memory import Memory, merge
from textgen.engine.cache import CachedNetwork
from textgen.engine.cache_config import CacheConfig, CacheOptions
from textgen.engine.holding import read_holds
from textgen.engine.labelled import GuidedNetwork, read_shares
from textgen.engine.mixture import Mixture
from textgen.engine.network import AnyNetwork, Engine
from textgen.errors import UsageError
from textgen.tokens.base import Tokenizer
from textgen.writing.parts import mixture_weights


class Parts(Protocol):
    """What is needed of a generator to mix it."""

    tokenizer: Tokenizer
    engine: AnyNetwork
    documents: str
    direction: str
    memory: Memory
    heading: str


def mixed_parts(
    generators: Sequence[Parts], weights: Sequence[float] | None
) -> tuple[Tokenizer, AnyNetwork, str, str, Memory, str]:
    """What `Generator.mix` makes a generator of: tokenizer, network, documents, direction, memory, heading.

    Raises:
        UsageError: the weights do not fit, or the generators are of different kinds.
    """
    weights = [1.0] * len(generators) if weights is None else mixture_weights(weights, len(generators))
    mixture = Mixture([one.engine for one in generators], [one.tokenizer for one in generators], weights)
    if len({one.direction for one in generators}) > 1:
        raise UsageError("one of these runs writes lines forward, another backward; they cannot be mixed")
    kinds = [one.documents for one in generators]
    # Where one of them learned whole files, none can be asked for documents.
    kind = "file" if "file" in kinds else kinds[0]
    memory: Memory = {}
    for one in generators:
        memory = merge(memory, one.memory)
    # A heading that one of them never saw tells the other ones nothing.
    headings = {one.heading for one in generators}
    heading = headings.pop() if len(headings) == 1 else NONE
    return mixture.tokenizer, mixture, kind, generators[0].direction, memory, heading


def single_engine(engine: AnyNetwork, what: str) -> Engine:
    """The network of one run.

    Args:
        engine: a generator's network.
        what: what needs it, for the message.

    Raises:
        UsageError: it is that of several runs, or has a cache or guidance.
    """
    if not isinstance(engine, Engine):
        raise UsageError(f"{what} needs one run; this generator mixes several, or has a cache or guidance")
    return engine


def cached_engine(engine: AnyNetwork, options: CacheOptions) -> CachedNetwork:
    """The network of a generator with a cache. Raises UsageError where there is no single network."""
    return CachedNetwork(single_engine(engine, "a cache"), CacheConfig(**options))


def labelled_engine(engine: AnyNetwork, labels: Mapping[str, object] | Sequence[str], guidance: float) -> AnyNetwork:
    """The network of a generator with labels. Raises UsageError as `Reader.with_labels`."""
    single = single_engine(engine, "a label")
    shares = read_shares(single.config.labels, labels)
    if guidance != 1:
        return GuidedNetwork(single, shares, guidance)
    return single.told(shares)


def held_engine(engine: AnyNetwork, hold: Mapping[str, float] | Sequence[str]) -> Engine:
    """The network of a generator whose gates are held. Raises UsageError as `Reader.with_hold`."""
    single = single_engine(engine, "a gate that is held")
    return single.held(read_holds(hold, single.config))
