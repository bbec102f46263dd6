"""Build one HTML page that shows a Look and needs nothing else: no network, no framework, no other file.

The page is `page.html` with `page.js`, the data, and the look of all pages of textgen (`textgen.page`). Its Content
Security Policy tells the browser to make no request at all.

Gates and cell states are rounded to 16 bits, compressed here and decompressed by the browser. A page is at most
MAX_BYTES long, so of a large network or a long text it may show some of the units only. The rule: every layer shows the
same number of units, at most MAX_UNITS: as many as fit into what the rest of the page leaves of MAX_BYTES. A layer
shows its watched units first, then those whose cell state varies most. Watched units, and one unit of each layer, are
on the page even if they do not fit.

This module knows nothing of matplotlib or the command line.
"""

import base64
import zlib
from typing import Any, NamedTuple

import numpy as np

from textgen.inspection.looks import Look, Watched
from textgen.inspection.tracing import GATES, Trace
from textgen.page.html import embedded, filled, folder, policy
from textgen.runs.losses import bits
from textgen.system.wording import visible

MAX_BYTES = 1_000_000  # of the whole page
MAX_UNITS = 128  # of a layer
MAX_NEXT = 8  # predicted next symbols for each step


def page(look: Look) -> str:
    """The page, as HTML text."""
    facts = _facts(look)
    room = MAX_BYTES - len(_filled(embedded(facts)).encode())
    return _filled(embedded(facts | _units(look, room)))


def _filled(values: str) -> str:
    """The page with its data, as JSON."""
    own, shared = folder("textgen.inspection.page"), folder("textgen.page") / "static"
    style = (shared / "style.css").read_text("utf-8") + (own / "page.css").read_text("utf-8")
    main = (own / "page.js").read_text("utf-8")
    parts = {"style": style, "script": main, "policy": policy(style, [main]), "values": values}
    parts["cell"] = (shared / "cell.svg").read_text("utf-8")
    return filled((own / "page.html").read_text("utf-8"), parts)


def _facts(look: Look) -> dict[str, Any]:
    """Everything on the page but the arrays of the units."""
    trace = look.trace
    return {
        "run": look.name,
        "noun": look.noun,
        "layers": look.layers,
        "units": look.units,
        "start": look.start,
        "total": look.total,
        "symbols": trace.symbols,
        "visible": [visible(symbol) for symbol in trace.symbols],
        "unknown": np.flatnonzero(trace.unknown).tolist(),
        "bits": [round(bits(nats), 3) for nats in trace.surprisal.tolist()],
        "next": [
            [
                [visible(text) if text else "?", float(f"{probability:.3g}")]
                for text, probability in trace.likeliest(step, MAX_NEXT)
            ]
            for step in range(len(trace))
        ],
        "watched": [_watched(each) for each in look.watched],
        "notes": look.notes,
    }


def _watched(watched: Watched) -> dict[str, Any]:
    where = {"layer": watched.layer, "unit": watched.unit}
    if watched.follows is None:
        return where
    return where | {
        "follows": watched.follows.name,
        "correlation": round(watched.follows.correlation, 6),
        "elsewhere": round(watched.follows.elsewhere, 6),
        "holds": watched.follows.holds,
    }


class _Packed(NamedTuple):
    """One unit as the page stores it.

    Attributes:
        unit: counted from 0.
        data: compressed little-endian 16-bit integers: the gates i, f, g, o (65,535 is 1; 0 is 0, for g -1), each
            (time,), then the cell state c, signed, (1 + time,), from the state before the first step on. A stretch of
            a deflate stream (RFC 1951) that refers to nothing before it, so that stretches can be joined in any order.
        scale: what 32,767 means in the cell state.
    """

    unit: int
    data: bytes
    scale: float

    @property
    def size(self) -> float:
        """Bytes of the page that the unit takes: its data in base64, and two numbers with their commas."""
        return len(self.data) * 4 / 3 + len(f"{self.unit},{self.scale},")


# The rest of the units' JSON, the end of the deflate stream and the padding of base64 take less than this for a network
# of 16 layers.
_FRAME_BYTES = 160
_END_OF_STREAM = zlib.compressobj(wbits=-zlib.MAX_WBITS).flush()


def _units(look: Look, room: int) -> dict[str, Any]:
    """The units on the page: as many as fit into `room` bytes, by the rule above.

    Returns:
        shown: the units of each layer, the highest mean forget gate first. scales: the scale of each. arrays: the data
        of all, layer by layer, in base64.
    """
    layers = range(look.layers)
    watched = [list(dict.fromkeys(each.unit for each in look.watched if each.layer == layer)) for layer in layers]
    candidates = [_candidates(look.trace, layer, watched[layer]) for layer in layers]
    # Entry n: bytes that all layers add when each shows its unit n too, counted from 0. Watched units count in entry 0.
    added = np.zeros(max(map(len, candidates)))
    for own, units in zip(watched, candidates, strict=True):
        for place, packed in enumerate(units):
            added[place if place >= len(own) else 0] += packed.size
    count = max(int(np.searchsorted(np.cumsum(added), room - _FRAME_BYTES, side="right")), 1)
    shown = [
        _sorted_by_forget_gate(look.trace, layer, units[: max(count, len(watched[layer]))])
        for layer, units in enumerate(candidates)
    ]
    stream = b"".join(packed.data for units in shown for packed in units) + _END_OF_STREAM
    return {
        "shown": [[packed.unit for packed in units] for units in shown],
        "scales": [[packed.scale for packed in units] for units in shown],
        "arrays": base64.b64encode(stream).decode(),
    }


def _candidates(trace: Trace, layer: int, watched: list[int]) -> list[_Packed]:
    """The units of a layer that may be shown: the watched ones, then those whose cell state varies most."""
    by_variation = np.argsort(-trace.cell[:, layer].std(axis=0), kind="stable").tolist()
    units = list(dict.fromkeys(watched + by_variation))[: max(MAX_UNITS, len(watched))]
    return [_pack(trace, layer, unit) for unit in units]


def _sorted_by_forget_gate(trace: Trace, layer: int, units: list[_Packed]) -> list[_Packed]:
    means = trace.forget_gate[:, layer].mean(axis=0)
    return sorted(units, key=lambda packed: -float(means[packed.unit]))


def _pack(trace: Trace, layer: int, unit: int) -> _Packed:
    parts = []
    for name in GATES:
        values = getattr(trace, name)[:, layer, unit]
        values = (values + 1) / 2 if name == "candidate" else values
        parts.append(np.rint(values * 65535).astype("<u2").tobytes())
    cells = np.append(trace.start.c[layer, 0, unit], trace.cell[:, layer, unit])
    largest = np.maximum(np.abs(cells).max(), 1e-6)
    parts.append(np.rint(cells / largest * 32767).astype("<i2").tobytes())
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = compressor.compress(b"".join(parts)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return _Packed(unit, data, float(f"{largest:.6g}"))
