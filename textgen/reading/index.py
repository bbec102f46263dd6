"""The vectors of a corpus, kept in the cache folder: reading it takes minutes, a query a moment.

The files are found by the run's weights and the text, so vectors of other weights or another text have another name.
"""

import contextlib
import hashlib
import json
import mmap

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.documents import Corpus
from textgen.errors import DamagedError, ModelError
from textgen.runs.run import Run
from textgen.system import cache, snapshots
from textgen.system.folders import Folder
from textgen.system.snapshots import Snapshot
from textgen.writing.generator import Generator

VECTORS = "vectors.f32"
# Counts up when vectors change their meaning, so that those of an older version are made anew.
CACHE_VERSION = 1
# Corpora whose vectors stay in the cache.
MAX_CACHED = 3


def vectors_of(generator: Generator, run: Run, corpus: Corpus) -> NDArray[np.float32]:
    """The vectors of a corpus's documents, float32, shape (documents, size), from the cache where they are there.

    Args:
        generator: the run's Generator.
        run: the run.
        corpus: the documents.

    Raises:
        StorageError: the cache cannot be written.
    """
    size = 2 * run.model.sizes.output
    key, place = _key(run, corpus), cache.folder("vectors")
    with cache.errors(place):
        folder = Folder.opened(place, make=True)

    def loaded(snapshot: Snapshot) -> NDArray[np.float32]:
        if snapshot.size(VECTORS) != 4 * size * len(corpus.documents):
            raise DamagedError(f"{snapshot.path / VECTORS}: damaged: not {len(corpus.documents)} vectors of {size}")
        mapped = mmap.mmap(snapshot.descriptor(VECTORS), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, np.float32).reshape(-1, size)

    with contextlib.suppress(ModelError):  # nothing there, or damaged
        return snapshots.latest_intact(folder, key, (VECTORS,), lambda found: loaded(found.verify()))[0]
    vectors = generator.encode_texts(corpus.documents)
    cache.make(place)
    cache.evict(place, place / key, keep=MAX_CACHED)
    snapshots.save(folder, key, {VECTORS: [vectors.data]}, 1, cache.FREE_SPACE_ADVICE)
    return vectors


def _key(run: Run, corpus: Corpus) -> str:
    """What the vectors depend on: the weights, the symbols and the documents."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {run.training.direction} {corpus.fingerprint()} ".encode())
    for name in sorted(run.weights):
        digest.update(name.encode() + run.weights[name].tobytes())
    digest.update(json.dumps(run.tokenizer.to_json()).encode())
    return digest.hexdigest()[:32]
