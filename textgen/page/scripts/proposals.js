// Ways to go on: what is collected of each, and which of them are proposed, as textgen.writing.cowriter does it.

import { BOUNDARY, bytesToCharacters, characters, isBlank, isInWord } from "./tokens.js";

/** Of all that was collected the likeliest that begin with different words, then the next likeliest. */
export function chosen(collected, ways, byLine) {
  const merit = (one) => (byLine ? one.sum / Math.max(one.symbols, 1) : one.sum);
  const found = new Map(collected.filter((one) => one.symbols && one.text).map((one) => [one.text, one]));
  const ranked = [...found.values()].sort((one, other) => merit(other) - merit(one));
  const firsts = new Map(), others = [];
  for (const one of ranked) {
    const first = one.text.trim().split(/\s+/)[0];
    if (firsts.has(first)) others.push(one);
    else firsts.set(first, one);
  }
  const best = [...firsts.values(), ...others].slice(0, ways).sort((one, other) => merit(other) - merit(one));
  return best.map(({ text, ids, sum }) => ({ text: bytesToCharacters(text), ids, probability: Math.exp(sum) }));
}

/** Collects symbols up to the end of some words, of a line that has words, or of the document. */
export class NextWords {
  constructor(before, words) {
    const last = characters(before).pop();
    Object.assign(this, { left: words, isOver: false, isInside: !!last && isInWord(last), hasBegun: false });
    Object.assign(this, { text: "", ids: [], sum: 0, symbols: 0 });
  }

  take(id, piece, logarithm) {
    if (this.isOver) return;
    const [first] = characters(piece), last = characters(piece).pop();
    if (this.hasBegun && this.isInside && !isInWord(first)) this.left--;
    if (this.left <= 0 && isBlank(first)) {
      this.isOver = true;
      if (first !== "\n" || id === BOUNDARY) return;
    }
    this.text += piece;
    this.sum += logarithm;
    this.symbols++;
    this.ids.push(id);
    this.isInside = isInWord(last);
    this.hasBegun ||= this.isInside;
    if ((piece.endsWith("\n") && !isBlank(this.text)) || id === BOUNDARY) this.isOver = true;
  }
}

/** Collects symbols from the end of a line to its beginning; an empty line before it belongs to it. */
export class Line {
  constructor() {
    Object.assign(this, { isOver: false, text: "", parts: [], ids: [], sum: 0, symbols: 0 });
  }

  take(id, piece, logarithm) {
    if (this.isOver) return;
    this.sum += logarithm;
    this.symbols++;
    this.ids.push(id);
    if (id !== BOUNDARY && piece !== "\n") {
      this.parts.push(piece);
      return;
    }
    this.text += this.parts.splice(0).reverse().join("") + piece;
    this.isOver = id === BOUNDARY || !isBlank(this.text);
  }
}
