// A prompt to text: what textgen.writing.generator does, for one model in the page.

import { Ending } from "./ending.js";
import { GATES, Network, arrayFrom, readAll } from "./engine.js";
import { Line, NextWords, chosen } from "./proposals.js";
import { RandomStream } from "./random.js";
import { chainOf, draw, logProbability, softmax } from "./sampling.js";
import { BOUNDARY, UNKNOWN, tokenizerOf } from "./tokens.js";

const WAYS = 32; // ways to go on that are drawn at a time
const MOST_PROPOSED = 200; // symbols of a proposal, in case its words never end
const LIKELIEST = 5; // next symbols that are named
const PIECE = 256; // ids that are read at a time

/** A network that reads a text with its labels and without, and goes further: as textgen.engine.labelled. */
class Guided {
  constructor(network, guidance) {
    Object.assign(this, { network, guidance: Math.fround(guidance) });
  }

  step({ told, free }, ids) {
    const withLabels = this.network.step(told, ids), first = withLabels.logits.slice(), gates = withLabels.gates.slice();
    const without = this.network.step(free, ids);
    const logits = without.logits.map((logit, id) => logit + Math.fround(this.guidance * Math.fround(first[id] - logit)));
    return { logits, gates, state: { told: withLabels.state, free: without.state } };
  }

  repeated({ told, free }, rows) {
    return { told: this.network.repeated(told, rows), free: this.network.repeated(free, rows) };
  }

  rowOf({ told, free }, row) {
    return { told: this.network.rowOf(told, row), free: this.network.rowOf(free, row) };
  }

  read(ids, state) {
    return readAll(this, ids, state);
  }
}

/** Reads and writes text with one model. Until `load`, it knows the model's symbols only. model: the page's JSON of it. */
export class Writer {
  constructor(model) {
    this.model = model;
    this.tokenizer = tokenizerOf(model.tokenizer);
    this.printed = this.tokenizer.printed(model.separator);
    this.isBackward = model.direction === "backward";
  }

  /** Take the model's numbers. bytes: of its arrays; kernel: a WebAssembly.Module. */
  load(bytes, kernel) {
    const { model } = this;
    this.kernel = kernel;
    this.weights = Object.fromEntries(Object.entries(model.arrays).map(([name, array]) => [name, arrayFrom(bytes, array)]));
    this.halve();
    this.network = new Network(kernel, model.sizes, this.weights);
    this.held = { key: "[]", network: this.network };
  }

  /** Halve the columns of the sigmoids: sigmoid(x) = tanh(x / 2) / 2 + 1 / 2. */
  halve() {
    const { units, layers } = this.model.sizes, columns = 4 * units;
    const names = Array.from({ length: layers }, (_, layer) => ["kernel", "recurrent", "bias"].map((part) => `${layer}.${part}`));
    if (!this.weights["0.kernel"]) names.push("lookup"); // one-hot symbols: it is the first kernel
    names.push(...this.model.labels.map(({ name }) => `label.${name}`));
    for (const weights of names.flat().flatMap((name) => this.weights[name] ?? []))
      for (let row = 0; row < weights.length; row += columns)
        for (let at = row; at < row + 3 * units; at++) weights[at] /= 2;
  }

  /**
   * The network with gates held at a value.
   *
   * holds: a list of {gate, value, layer, unit}; layer or unit null means all. A held gate has no weights but a constant
   * bias, whose activation is the value: so 0, 0.5 and 1 are exact.
   */
  holding(holds) {
    if (!holds.length) return this.network;
    const key = JSON.stringify(holds);
    if (key === this.held.key) return this.held.network;
    const { units, layers } = this.model.sizes, columns = 4 * units;
    const weights = { ...this.weights };
    const changed = (name) => (weights[name] = weights[name] === this.weights[name] ? weights[name].slice() : weights[name]);
    for (const { gate, value, layer, unit } of holds) {
      const place = GATES.indexOf(gate);
      const bias = Math.atanh(place < 3 ? 2 * value - 1 : value);
      for (let at = 0; at < layers; at++) {
        if (layer !== null && layer !== at) continue;
        const inputs = !at && !weights["0.kernel"] ? "lookup" : `${at}.kernel`;
        const [from, to] = unit === null ? [0, units] : [unit, unit + 1];
        for (const name of [inputs, `${at}.recurrent`]) {
          const matrix = changed(name);
          for (let row = 0; row < matrix.length; row += columns) matrix.fill(0, row + place * units + from, row + place * units + to);
        }
        changed(`${at}.bias`).fill(bias, place * units + from, place * units + to);
      }
    }
    this.held = { key, network: new Network(this.kernel, this.model.sizes, weights) };
    return this.held.network;
  }

  /** What labels add to the gates: labels is {name: label}; null where none is given. */
  offsets(labels) {
    let sum = null;
    for (const { name, values } of this.model.labels) {
      const place = values.indexOf(labels[name]), rows = this.weights[`label.${name}`];
      if (place < 0) continue;
      const row = rows.subarray((rows.length / values.length) * place, (rows.length / values.length) * (place + 1));
      sum = sum ? sum.map((number, at) => number + row[at]) : row.slice();
    }
    return sum;
  }

  /** The ids that the network reads before it writes: as Generator.read_prompt. What it does not know is left out. */
  promptIds(prompt) {
    const text = this.isBackward && prompt && !prompt.endsWith("\n") ? `${prompt}\n` : prompt;
    const readable = this.tokenizer.readable(text);
    const ids = this.inReadingOrder(this.tokenizer.encode(readable));
    if (this.model.documents !== "file") return [BOUNDARY, ...ids];
    if (ids.length) return ids;
    const { separator } = this.model;
    return this.tokenizer.unknown(separator).length ? [BOUNDARY] : this.tokenizer.encode(separator);
  }

  inReadingOrder(ids) {
    return this.readingOrder(ids).map((place) => ids[place]);
  }

  /** The places of ids in the order in which the network reads them: backward, each line from its end. */
  readingOrder(ids) {
    const places = [...ids.keys()];
    if (!this.isBackward) return places;
    const ordered = [], line = [];
    for (const place of places) {
      if (ids[place] !== BOUNDARY && this.printed[ids[place]] !== "\n") line.unshift(place);
      else ordered.push(...line.splice(0), place);
    }
    return [...ordered, ...line];
  }

  /** A network and the state that it starts from, with what the person does to it. */
  prepared({ holds = [], labels = {} } = {}) {
    const network = this.holding(holds), offsets = this.offsets(labels);
    if (offsets) this.clear(offsets, holds);
    return { network, state: network.initialState(1, offsets) };
  }

  /** The same; labels that are to be followed more strongly are. */
  guided(change = {}) {
    const { network, state } = this.prepared(change), { guidance = 1 } = change;
    if (guidance === 1 || !state.offsets) return { network, state };
    return { network: new Guided(network, guidance), state: { told: state, free: network.initialState(1) } };
  }

  /** Labels add nothing to a gate of the first layer that is held. */
  clear(offsets, holds) {
    const { units } = this.model.sizes;
    for (const { gate, layer, unit } of holds) {
      const from = GATES.indexOf(gate) * units + (unit ?? 0);
      if (!layer) offsets.fill(0, from, from + (unit === null ? units : 1));
    }
  }

  /**
   * Write one text. Yields {text, ids, nats}: the piece that may be shown now, the symbol's id and its surprisal.
   *
   * options: as of SamplingConfig, seed included. number: which text of the prompt it is, from 0. change: {holds, labels,
   * guidance, instead}: gates that are held, labels, how strongly they are followed, and a text whose state takes the
   * place of the prompt's.
   */
  *write(prompt, options, number = 0, change = {}) {
    const { network, state } = this.guided(change);
    const transform = this.transform(options);
    const random = new RandomStream(options.seed, [0, number, 0]);
    const ending = new Ending(options, this.isBackward, this.tokenizer.hasBytes);
    const ids = this.promptIds(prompt);
    const read = change.instead ? [...this.promptIds(change.instead), ids[ids.length - 1]] : ids;
    let seen = yield* this.reading(network, read, state);
    const context = { history: ids.slice(), printed: this.printed };
    for (let written = 0; written < options.length && !ending.over; written++) {
      if (written) seen = network.step(seen.state, [context.history[context.history.length - 1]]);
      const id = draw(transform(seen.logits, context), random.uniform());
      context.history.push(id);
      yield { id, text: ending.take(id, this.printed[id]), nats: -logProbability(seen.logits, id) };
    }
    const rest = ending.over ? "" : ending.rest();
    if (rest) yield { id: null, text: rest, nats: 0 };
  }

  /** Read a text. Yields for each symbol {place, symbol, nats, isKnown, next}: its surprisal, and what was likeliest. */
  *score(text, change = {}) {
    const { network, state } = this.guided(change);
    const symbols = this.tokenizer.split(text), ids = this.tokenizer.encode(text);
    let seen = network.read([BOUNDARY], state);
    for (const place of this.readingOrder(ids)) {
      yield {
        place,
        symbol: symbols[place],
        nats: -logProbability(seen.logits, ids[place]),
        isKnown: ids[place] !== UNKNOWN,
        next: this.likeliest(seen.logits),
      };
      seen = network.step(seen.state, [ids[place]]);
    }
  }

  /** The likeliest next symbols of logits: [text, probability], the likeliest first. */
  likeliest(logits, count = LIKELIEST) {
    const chances = softmax(logits);
    const best = Array.from(chances.keys()).sort((one, other) => chances[other] - chances[one]).slice(0, count);
    return best.map((id) => [this.printed[id], chances[id]]);
  }

  /** Read ids in pieces; yields null between them, and returns what the last step gave, with logits of its own. */
  *reading(network, ids, state) {
    let seen;
    for (let from = 0; from < ids.length; from += PIECE) {
      if (from) yield null;
      seen = network.read(ids.slice(from, from + PIECE), seen ? seen.state : state);
    }
    return seen;
  }

  /**
   * Propose different ways to go on, the likeliest first: as textgen.writing.cowriter. Yields null until the last value,
   * {ids, ways}: what was read, and of each way {text, probability, ids}.
   *
   * written: {text, ids, added}: the text so far; where they are known, the ids of it but for its end, which is `added`.
   */
  *propose(written, options, turn, words, ways, change = {}) {
    const { network, state: first } = this.guided(change), { vocabulary } = this.model.sizes;
    const added = this.inReadingOrder(this.tokenizer.encode(this.tokenizer.readable(written.added)));
    const ids = written.ids ? [...written.ids, ...added] : this.promptIds(written.text);
    const transform = this.transform(options);
    const start = yield* this.reading(network, ids, first);
    const rows = Array.from({ length: WAYS }, (_, row) => ({
      random: new RandomStream(options.seed, [turn, row]),
      context: { history: ids.slice(), printed: this.printed },
      collected: this.isBackward ? new Line() : new NextWords(written.text, words),
    }));
    let state = network.repeated(start.state, WAYS);
    let logits = Float32Array.from({ length: WAYS * vocabulary }, (_, at) => start.logits[at % vocabulary]);
    for (let drawn = 0; drawn < MOST_PROPOSED; drawn++) {
      const next = rows.map(({ random, context, collected }, row) => {
        const changed = transform(logits.subarray(row * vocabulary, (row + 1) * vocabulary), context);
        const id = draw(changed, random.uniform());
        context.history.push(id);
        collected.take(id, this.printed[id], logProbability(changed, id));
        return id;
      });
      if (rows.every(({ collected }) => collected.isOver)) break;
      const seen = network.step(state, next);
      [logits, state] = [seen.logits.slice(), seen.state]; // other tasks step the network meanwhile
      yield null;
    }
    yield { ids, ways: chosen(rows.map(({ collected }) => collected), ways, this.isBackward) };
  }

  /** What some options do to logits, for this model's symbols. */
  transform(options) {
    return chainOf(options, { printed: this.printed, tokenizer: this.tokenizer, following: this.model.following });
  }
}
