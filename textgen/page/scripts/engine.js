// The network in the page: its weights, and one step of it, computed in WebAssembly (kernel.c). A state is a value: it
// can be kept, copied and stepped again.

export const GATES = ["input", "forget", "output", "candidate"]; // in the order of their columns here
const PANEL = 16; // columns of a panel of weights
const PAGE = 65536; // bytes of WebAssembly's memory
const MOST_LOOKUP_SYMBOLS = 4096; // as in textgen.engine.forward

/** Numbers that a page stores: an array of its JSON {shape, bits, at, scales} in the bytes of all. */
export function arrayFrom(bytes, { shape, bits, at, scales }) {
  const size = shape.reduce((product, length) => product * length, 1);
  if (bits === 64) return new BigUint64Array(bytes.slice(at, at + 8 * size).buffer);
  const stored = bytes.slice(at, at + (size * bits) / 8).buffer;
  if (bits === 32) return new Float32Array(stored);
  const numbers = bits === 16 ? new Int16Array(stored) : new Int8Array(stored);
  const columns = shape[shape.length - 1], rows = size / columns;
  const scale = new Float32Array(bytes.slice(scales, scales + 4 * rows).buffer);
  const found = new Float32Array(size);
  for (let row = 0, place = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, place++) found[place] = numbers[place] * scale[row];
  return found;
}

export function bytesFrom(base64) {
  const characters = atob(base64), bytes = new Uint8Array(characters.length);
  for (let place = 0; place < bytes.length; place++) bytes[place] = characters.charCodeAt(place);
  return bytes;
}

/** What was compressed, by DEFLATE (RFC 1951). */
export async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A matrix (inputs, columns) in panels: (panels, inputs, PANEL), the last filled up with zeros. */
function packed(matrix, inputs, columns) {
  const panels = new Float32Array(Math.ceil(columns / PANEL) * inputs * PANEL);
  for (let panel = 0, to = 0; panel < columns; panel += PANEL)
    for (let input = 0; input < inputs; input++, to += PANEL)
      panels.set(matrix.subarray(input * columns + panel, input * columns + Math.min(panel + PANEL, columns)), to);
  return panels;
}

function transposed(matrix, rows, columns) {
  const turned = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = matrix[row * columns + column];
  return turned;
}

export class Network {
  /**
   * kernel: a WebAssembly.Module.
   * sizes: {vocabulary, units, layers, output}.
   * weights: Float32Array by name: "lookup" (the embedding, or the first kernel for one-hot symbols), and for each layer
   *   "<layer>.kernel", "<layer>.recurrent", "<layer>.bias" and perhaps "<layer>.projection", then "output.bias" and
   *   "output", which is missing where the lookup, transposed, is it. The gates' columns are in the order of GATES, those of the three sigmoids halved.
   */
  constructor(kernel, sizes, weights) {
    this.sizes = sizes;
    this.weights = weights;
    this.kernel = new WebAssembly.Instance(kernel, {}).exports;
    this.end = this.kernel.__heap_base.value;
    const { vocabulary, units, layers, output } = sizes;
    const columns = 4 * units, first = weights["0.kernel"];
    let lookup = weights.lookup, width = lookup.length / vocabulary, isProduct = !first;
    if (first && vocabulary <= MOST_LOOKUP_SYMBOLS) {
      lookup = this.product(lookup, vocabulary, width, first, columns);
      [width, isProduct] = [columns, true];
    }
    const panels = (matrix, inputs, size) => this.store(packed(matrix, inputs, size));
    const outputs = weights.output ?? transposed(weights.lookup, vocabulary, output);
    this.kernel.network(
      units, output, layers, vocabulary, width, this.store(lookup), panels(outputs, output, vocabulary),
      this.store(weights["output.bias"]),
    );
    for (let layer = 0; layer < layers; layer++) {
      const inputs = layer ? output : width;
      const given = layer || !isProduct ? panels(weights[`${layer}.kernel`], inputs, columns) : 0;
      const projection = weights[`${layer}.projection`];
      this.kernel.layer(
        layer, given, inputs, panels(weights[`${layer}.recurrent`], output, columns), this.store(weights[`${layer}.bias`]),
        projection ? panels(projection, units, output) : 0,
      );
    }
    this.begin = this.end; // where the arrays of a step begin
    this.rows = 0;
  }

  /** Bytes of the memory for some numbers, aligned for a line of the processor's cache. */
  reserve(bytes) {
    const at = (this.end + 63) & ~63;
    this.end = at + bytes;
    const missing = this.end - this.kernel.memory.buffer.byteLength;
    if (missing > 0) this.kernel.memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  store(numbers) {
    const at = this.reserve(4 * numbers.length);
    new Float32Array(this.kernel.memory.buffer, at, numbers.length).set(numbers);
    return at;
  }

  /** left @ right, left (rows, inputs), right (inputs, columns). The memory is given back. */
  product(left, rows, inputs, right, columns) {
    const end = this.end;
    const from = this.store(left), panels = this.store(packed(right, inputs, columns));
    const out = this.store(new Float32Array(rows * columns));
    this.kernel.product(from, rows, panels, inputs, columns, out);
    const result = new Float32Array(this.kernel.memory.buffer, out, rows * columns).slice();
    this.end = end;
    return result;
  }

  /** The state of `rows` texts before their first symbol. offsets: what their labels add to the gates, or null. */
  initialState(rows = 1, offsets = null) {
    const { units, layers, output } = this.sizes;
    return { h: new Float32Array(layers * rows * output), c: new Float32Array(layers * rows * units), rows, offsets };
  }

  /** Lay out the arrays of a step of so many rows. */
  layOut(rows) {
    const { vocabulary, units, layers, output } = this.sizes;
    this.end = this.begin;
    this.rows = rows;
    this.places = {
      ids: this.reserve(8 * rows),
      h: this.reserve(4 * layers * rows * output),
      c: this.reserve(4 * layers * rows * units),
      offsets: this.reserve(16 * rows * units),
      newH: this.reserve(4 * layers * rows * output),
      newC: this.reserve(4 * layers * rows * units),
      gates: this.reserve(16 * layers * rows * units),
      given: this.reserve(4 * rows * units),
      logits: this.reserve(4 * rows * vocabulary),
    };
  }

  /**
   * Read one symbol in each text.
   *
   * Returns {logits, state, gates}: logits (rows, vocabulary) and gates (layers, rows, 4 units) are views that the next
   * step overwrites.
   */
  step(state, ids) {
    const { vocabulary, units, layers } = this.sizes, { rows } = state;
    if (rows !== this.rows) this.layOut(rows);
    const { buffer } = this.kernel.memory, at = this.places;
    const numbers = new Float32Array(buffer), words = new Uint32Array(buffer);
    ids.forEach((id, row) => {
      words[at.ids / 4 + 2 * row] = id;
      words[at.ids / 4 + 2 * row + 1] = 0;
    });
    numbers.set(state.h, at.h / 4);
    numbers.set(state.c, at.c / 4);
    if (state.offsets) numbers.set(state.offsets, at.offsets / 4);
    const told = state.offsets ? at.offsets : 0;
    if (this.kernel.step(at.ids, at.h, at.c, told, at.newH, at.newC, at.gates, at.given, at.logits, rows))
      throw new Error("A symbol is not in the vocabulary.");
    const view = (place, size) => numbers.subarray(place / 4, place / 4 + size);
    return {
      logits: view(at.logits, rows * vocabulary),
      gates: view(at.gates, 4 * layers * rows * units),
      state: {
        h: view(at.newH, state.h.length).slice(),
        c: view(at.newC, state.c.length).slice(),
        rows,
        offsets: state.offsets,
      },
    };
  }

  /** The state of one text for so many rows. */
  repeated({ h, c, offsets }, rows) {
    const { layers, units, output } = this.sizes, state = this.initialState(rows);
    for (let layer = 0; layer < layers; layer++)
      for (let row = 0; row < rows; row++) {
        state.h.set(h.subarray(layer * output, (layer + 1) * output), (layer * rows + row) * output);
        state.c.set(c.subarray(layer * units, (layer + 1) * units), (layer * rows + row) * units);
      }
    if (offsets) {
      state.offsets = new Float32Array(rows * offsets.length);
      for (let row = 0; row < rows; row++) state.offsets.set(offsets, row * offsets.length);
    }
    return state;
  }

  /** The state of one row. */
  rowOf(state, row) {
    const { layers, units, output } = this.sizes, one = this.initialState(1), from = (layer) => layer * state.rows + row;
    for (let layer = 0; layer < layers; layer++) {
      one.h.set(state.h.subarray(from(layer) * output, (from(layer) + 1) * output), layer * output);
      one.c.set(state.c.subarray(from(layer) * units, (from(layer) + 1) * units), layer * units);
    }
    one.offsets = state.offsets ? state.offsets.slice(row * 4 * units, (row + 1) * 4 * units) : null;
    return one;
  }

  /** Read the ids of one text; what the last step gave, with logits of its own. */
  read(ids, state = this.initialState()) {
    return readAll(this, ids, state);
  }
}

/** Step a network through ids; what the last step gave, with logits of its own. */
export function readAll(network, ids, state) {
  let seen;
  for (const id of ids) {
    seen = network.step(state, [id]);
    state = seen.state;
  }
  return { logits: seen.logits.slice(), state };
}
