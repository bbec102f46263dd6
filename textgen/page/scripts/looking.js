// What happens inside while a text is read and written: each step's gates, states, logits and draw, and the arithmetic
// of one unit.

import { GATES } from "./engine.js";
import { RandomStream } from "./random.js";
import { draw, softmax } from "./sampling.js";

const MOST_NAMED = 8; // next symbols that a step names
const LEAST_SEEN = 0.004; // of a share that a picture of all shows

/**
 * Read some ids, and draw what comes after them. Yields for each step from `from` on:
 * {place, id, symbol, gates, c, before, h, next, drawn}, with gates (layers, 4, units) in the order of GATES, c and h
 * (layers, units), before: c before the step; next: [symbol, logit, probability, probability after the transforms] of
 * the likeliest; drawn: {uniform, id, symbol, low, high, shares}, its share of the probabilities from low to high, and the
 * shares of others that can be seen: [symbol, low, high]. Only the last step draws.
 *
 * written: how many of the ids were drawn before, so that the draw is the one that writing would make.
 * last: the step before `from`, where it is known; else all ids are read again.
 */
export function* walk(writer, ids, from, written, options, change, last = null) {
  const { network, state: first } = writer.guided(change);
  const isKnown = last !== null && first.told === undefined;
  const transform = writer.transform(options);
  let state = isKnown ? { ...first, h: last.h, c: last.c } : first;
  for (let place = isKnown ? from : 0; place < ids.length; place++) {
    const own = state.told ?? state, seen = network.step(state, [ids[place]]), after = seen.state.told ?? seen.state;
    state = seen.state;
    if (place < from) continue;
    const context = { history: ids.slice(0, place + 1), printed: writer.printed };
    const changed = transform(seen.logits, context), chances = softmax(changed), plain = softmax(seen.logits);
    const best = Array.from(plain.keys()).sort((one, other) => chances[other] - chances[one] || plain[other] - plain[one]);
    const drawn = place === ids.length - 1 ? drawnFrom(changed, chances, options.seed, written, writer.printed) : null;
    const named = best.slice(0, MOST_NAMED);
    if (drawn && !named.includes(drawn.id)) named.push(drawn.id);
    yield {
      place,
      id: ids[place],
      symbol: writer.printed[ids[place]],
      gates: seen.gates.slice(),
      before: own.c,
      c: after.c,
      h: after.h,
      next: named.map((each) => [writer.printed[each], seen.logits[each], plain[each], chances[each]]),
      drawn,
    };
  }
}

function drawnFrom(logits, chances, seed, written, printed) {
  const random = new RandomStream(seed, [0, 0, 0]);
  for (let skipped = 0; skipped < written; skipped++) random.uniform();
  const uniform = random.uniform(), id = draw(logits, uniform);
  const shares = [];
  let low = 0, sum = 0;
  chances.forEach((chance, other) => {
    if (other === id) low = sum;
    if (chance >= LEAST_SEEN || other === id) shares.push([printed[other], sum, sum + chance]);
    sum += chance;
  });
  return { uniform, id, symbol: printed[id], low, high: low + chances[id], shares };
}

/**
 * The arithmetic of one unit as the network reads an id. Yields one value: {gates: {gate: {input, recurrent, bias, sum,
 * value}}, before, c, h}. The parts of a sum are in the network's own scale; value is the activation.
 *
 * last: the step before, with its c and h; null for the first.
 */
export function* unit(writer, id, last, layer, place, change) {
  const { network, state: first } = writer.prepared(change), { units, output } = network.sizes, columns = 4 * units;
  const state = last ? { ...first, h: last.h, c: last.c } : first;
  const { weights } = network, seen = network.step(state, [id]);
  const below = layer ? seen.state.h.subarray((layer - 1) * output, layer * output) : symbolVector(weights, network.sizes, id);
  const before = state.h.subarray(layer * output, (layer + 1) * output);
  const kernel = weights[`${layer}.kernel`];
  const product = (vector, matrix, column) => vector.reduce((sum, number, row) => sum + number * matrix[row * columns + column], 0);
  const gates = {};
  for (const [at, gate] of GATES.entries()) {
    const column = at * units + place, scale = at < 3 ? 2 : 1; // the sigmoids' columns are halved
    const input = scale * (kernel ? product(below, kernel, column) : below[column]);
    const told = !layer && state.offsets ? scale * state.offsets[column] : 0;
    const recurrent = scale * product(before, weights[`${layer}.recurrent`], column);
    const bias = scale * weights[`${layer}.bias`][column] + told;
    gates[gate] = { input, recurrent, bias, sum: input + recurrent + bias, value: seen.gates[layer * columns + column] };
  }
  const at = layer * units + place;
  const cell = seen.state.c[at];
  yield { gates, before: state.c[at], c: cell, h: gates.output.value * Math.tanh(cell) };
}

/** What the first layer reads for a symbol: its vector, or for a one-hot symbol the row of the kernel itself. */
function symbolVector(weights, { vocabulary }, id) {
  const width = weights.lookup.length / vocabulary;
  return weights.lookup.subarray(id * width, (id + 1) * width);
}
