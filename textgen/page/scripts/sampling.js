// From a model's logits to a symbol: the transforms, in the order of textgen.sampling, and the draw. Logits are
// Float64Array of one text; minus infinity forbids a symbol.

import { characters, isInWord } from "./tokens.js";

const MAX_HISTORY = 4096; // symbols that a transform may look back
const MIN_TEMPERATURE = 1e-250;
export const BELOW = 1 - 2 ** -50; // so that rounding never puts a number beyond the last symbol

const highestOf = (logits) => logits.reduce((highest, logit) => (logit > highest ? logit : highest), -Infinity);

/** Probabilities of logits; all 0 where every symbol is forbidden. */
export function softmax(logits) {
  const highest = highestOf(logits), from = Number.isFinite(highest) ? highest : 0;
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - from));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum ? weights.map((weight) => weight / sum) : weights;
}

/** The log-probability of a symbol, nats. */
export function logProbability(logits, id) {
  const highest = highestOf(logits);
  return logits[id] - highest - Math.log(logits.reduce((total, logit) => total + Math.exp(logit - highest), 0));
}

/** Draw a symbol with a number in [0, 1): the first whose cumulative probability is above it. */
export function draw(logits, uniform) {
  const highest = highestOf(logits);
  if (!(highest > -Infinity)) throw new Error("No symbol is left to draw: the settings forbid them all.");
  const cumulative = new Float64Array(logits.length);
  let total = 0;
  for (let id = 0; id < logits.length; id++) cumulative[id] = total += Math.exp(logits[id] - highest);
  const number = uniform * (total * BELOW);
  let low = 0, high = logits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > number) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Keep the fewest symbols of highest merit whose probabilities together reach a mass, and those of equal merit. */
function reaching(logits, chances, merit, mass) {
  const order = Uint32Array.from(merit.keys()).sort((one, other) => merit[other] - merit[one]);
  let sum = 0, needed = 0;
  while (needed < order.length - 1 && (sum += chances[order[needed]]) < mass) needed++;
  const least = merit[order[needed]];
  return logits.map((logit, id) => (merit[id] >= least ? logit : -Infinity));
}

const forbidding = (logits, ids) => {
  for (const id of ids) logits[id] = -Infinity;
  return logits;
};

function counts(size, history) {
  const found = new Float64Array(size);
  for (const id of history.slice(-MAX_HISTORY)) found[id]++;
  return found;
}

/** The end of the text so far, at least so many characters where there are so many. */
function tailOf(context, length) {
  let tail = "", size = 0;
  for (let at = context.history.length - 1; at >= 0 && size < length; at--) {
    tail = context.printed[context.history[at]] + tail;
    size = characters(tail).length;
  }
  return tail;
}

// Each makes a transform of (value, options, vocabulary); the transform takes (logits, context) and may change the
// logits that it is given.
const MAKERS = {
  forbid(value, _, { printed, tokenizer }) {
    const whole = [], ends = [];
    const longest = printed.reduce((most, symbol) => Math.max(most, symbol.length), 0);
    const texts = value.map((text) => tokenizer.spelled(text));
    for (const text of texts) {
      printed.forEach((symbol, id) => symbol.includes(text) && whole.push(id));
      for (let cut = Math.max(text.length - longest, 1); cut < text.length; cut++) {
        const ids = printed.flatMap((symbol, id) => (symbol.startsWith(text.slice(cut)) ? [id] : []));
        if (ids.length) ends.push([text.slice(0, cut), ids]);
      }
    }
    const reach = texts.reduce((most, text) => Math.max(most, text.length), 0) - 1;
    return (logits, context) => {
      const tail = reach ? tailOf(context, reach) : "";
      for (const [end, ids] of ends) if (tail.endsWith(end)) forbidding(logits, ids);
      return forbidding(logits, whole);
    };
  },
  forbid_word(words, _, { printed, tokenizer }) {
    if (tokenizer.wholeWords) {
      const whole = words.flatMap((word) => tokenizer.idsOf(word));
      return (logits) => forbidding(logits, whole);
    }
    // After a forbidden word that begins where a word begins, only symbols that make it longer are left.
    const ends = printed.flatMap((symbol, id) => (symbol && !isInWord(characters(symbol)[0]) ? [id] : []));
    const reach = words.reduce((most, word) => Math.max(most, characters(word).length), 0) + 1;
    return (logits, context) => {
      const tail = tailOf(context, reach);
      const isWritten = (word) => tail.endsWith(word) && !isInWord(characters(tail.slice(0, -word.length)).pop() ?? " ");
      return words.some(isWritten) ? forbidding(logits, ends) : logits;
    };
  },
  bias(pairs, _, { tokenizer }) {
    const values = pairs.flatMap(([symbol, amount]) => tokenizer.idsOf(symbol).map((id) => [id, amount]));
    return (logits) => {
      for (const [id, amount] of values) logits[id] += amount;
      return logits;
    };
  },
  repetition_penalty(value, options) {
    return (logits, { history }) => {
      for (const id of new Set(history.slice(-options.repetition_window)))
        logits[id] = logits[id] > 0 ? logits[id] / value : logits[id] * value;
      return logits;
    };
  },
  presence_penalty: (value) => (logits, { history }) => {
    const found = counts(logits.length, history);
    return logits.map((logit, id) => (found[id] ? logit - value : logit));
  },
  frequency_penalty: (value) => (logits, { history }) => {
    const found = counts(logits.length, history);
    return logits.map((logit, id) => logit - value * found[id]);
  },
  no_repeat(value) {
    return (logits, { history }) => {
      const known = history.slice(-MAX_HISTORY), before = known.length - value + 1;
      for (let at = value - 1; at < known.length; at++) {
        let back = 1;
        while (back < value && known[at - back] === known[before + value - 1 - back]) back++;
        if (back === value) logits[known[at]] = -Infinity;
      }
      return logits;
    };
  },
  temperature(value) {
    return (logits) => {
      if (value > MIN_TEMPERATURE) return logits.map((logit) => logit / value);
      const best = logits.indexOf(highestOf(logits));
      return logits.map((logit, id) => (id === best ? logit : -Infinity));
    };
  },
  top_k: (value) => (logits) => {
    const cut = logits.length - value;
    if (cut <= 0) return logits;
    const least = logits.slice().sort()[cut];
    return logits.map((logit) => (logit < least ? -Infinity : logit));
  },
  top_p: (value) => (logits) => {
    const chances = softmax(logits);
    return reaching(logits, chances, chances, value);
  },
  min_p: (value) => (logits) => {
    const highest = highestOf(logits), least = Math.min(highest + Math.log(value), highest);
    return logits.map((logit) => (logit < least ? -Infinity : logit));
  },
  typical: (value) => (logits) => {
    const chances = softmax(logits), surprisal = chances.map((chance) => -Math.log(chance));
    const entropy = chances.reduce((sum, chance, id) => sum + (chance > 0 ? chance * surprisal[id] : 0), 0);
    const merit = surprisal.map((bits) => -Math.abs(bits - entropy));
    return reaching(logits, chances, merit, value).map((logit, id) => (chances[id] > 0 ? logit : -Infinity));
  },
};

/**
 * The transforms that some options ask for, as one function from a network's logits and what it reads of the text to
 * logits to draw from.
 *
 * options: by the names of textgen's SamplingConfig. One that is missing, or off, has no transform.
 * vocabulary: printed, the text of each id; tokenizer; following, as the page's data has it.
 */
export function chainOf(options, vocabulary) {
  const { kinds, never } = vocabulary.following;
  const transforms = Object.entries(MAKERS).flatMap(([name, make]) => {
    const value = options[name];
    return value == null || value.length === 0 ? [] : [make(value, options, vocabulary)];
  });
  return (logits, context) => {
    const last = context.history[context.history.length - 1];
    let changed = forbidding(Float64Array.from(logits), never[kinds[last]]);
    for (const transform of transforms) changed = transform(changed, context);
    return changed;
  };
}
