"""One page that shows a Look and holds all it needs: no network, no framework, nothing loaded from elsewhere.

The page is `page.html` with `page.css`, `page.js` and the numbers in it. Gates and the cell state are
kept to 16 bits, compressed, and unpacked by the browser itself. Of a large network or a long text, as
many units as keep the page below LARGEST. A browser that loads it is told to make no request at all (Content Security
Policy). Knows nothing of matplotlib or the command line.
"""

import base64
import json
import zlib
from importlib import resources

import numpy as np

from textgen.engine.probability import bits
from textgen.inspection.tracing import GATES
from textgen.system.wording import visible

# Bytes of the whole page; units of a layer at most; next symbols told for each step.
LARGEST, MOST_UNITS, LIKELIEST = 1_000_000, 128, 8


def page(look):
    """The page, a text of HTML."""
    parts = {
        name: (resources.files("textgen.inspection.page") / name).read_text("utf-8")
        for name in ("page.html", "page.css", "page.js")
    }
    facts, frame = _facts(look), sum(len(part.encode()) for part in parts.values())
    units = min(MOST_UNITS, look.config.units)
    while True:
        shown = [_units(look, layer, units) for layer in range(look.config.layers)]
        arrays, scales = _arrays(look.trace, shown)
        values = _json(facts | {"shown": [each.tolist() for each in shown], "scales": scales, "arrays": arrays})
        size = frame + len(values.encode())
        if size <= LARGEST or units == 1:
            break
        # What is left beside the arrays, shared by the units; a little less, since they do not compress alike.
        room = max(LARGEST - (size - len(arrays)), 0)
        units = max(min(int(units * 0.98 * room / len(arrays)), units - 1), 1)
    made = parts["page.html"]
    for name, value in (("{{style}}", parts["page.css"]), ("{{script}}", parts["page.js"]), ("{{values}}", values)):
        made = made.replace(name, value, 1)
    return made


def _facts(look):
    trace, config = look.trace, look.config
    return {
        "run": look.name,
        "noun": look.noun,
        "layers": config.layers,
        "units": config.units,
        "start": look.start,
        "total": look.total,
        "symbols": trace.symbols,
        "visible": [visible(symbol) for symbol in trace.symbols],
        "unknown": np.flatnonzero(trace.unknown).tolist(),
        "bits": [round(value, 3) for value in bits(trace.surprisal).tolist()],
        "next": [
            [
                [visible(text) if text else "?", float(f"{share:.3g}")]
                for text, share in trace.likeliest(step, LIKELIEST)
            ]
            for step in range(len(trace))
        ],
        "watched": [
            {"layer": each.layer, "unit": each.unit}
            | (
                {
                    "follows": each.follows.name,
                    "correlation": round(each.follows.correlation, 6),
                    "elsewhere": round(each.follows.elsewhere, 6),
                    "holds": each.follows.holds,
                }
                if each.follows
                else {}
            )
            for each in look.watched
        ],
        "notes": look.notes,
    }


def _units(look, layer, count):
    """The units of a layer that are shown: those worth watching, then those whose cell varies most; in the order of how
    long they keep."""
    trace = look.trace
    watched = list(dict.fromkeys(each.unit for each in look.watched if each.layer == layer))
    varied = np.argsort(-trace.cell[:, layer].std(axis=0), kind="stable").tolist()
    chosen = np.array(list(dict.fromkeys(watched + varied))[: max(count, len(watched))])
    return chosen[np.argsort(-trace.forget_gate[:, layer, chosen].mean(axis=0), kind="stable")]


def _arrays(trace, shown):
    """Compressed numbers as text, and what 32,767 stands for in each unit's cell state.

    Layer by layer, little-endian 16-bit integers: gates i, f, g, o (65,535 is 1; of g, 0 is -1), each (units, time);
    then c, signed, (units, 1 + time), the state before the first step first.
    """
    packed, scales = [], []
    for layer, units in enumerate(shown):
        for name in GATES:
            values = getattr(trace, name)[:, layer, units].T
            values = (values + 1) / 2 if name == "candidate" else values
            packed.append(np.rint(values * 65535).astype("<u2").tobytes())
        cells = np.concatenate([trace.start.c[layer, 0, units][:, None], trace.cell[:, layer, units].T], axis=1)
        largest = np.maximum(np.abs(cells).max(axis=1, keepdims=True), 1e-6)
        packed.append(np.rint(cells / largest * 32767).astype("<i2").tobytes())
        scales.append([float(f"{each:.6g}") for each in largest[:, 0]])
    return base64.b64encode(zlib.compress(b"".join(packed), 6)).decode(), scales


def _json(values):
    """JSON that can stand within a page: no tag can begin in it."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
