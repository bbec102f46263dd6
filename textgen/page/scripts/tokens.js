// Text to ids and ids to text, as textgen.tokens does it, for the three units: characters, words and subwords.

export const BOUNDARY = 0;
export const UNKNOWN = 1;
export const RESERVED = 2;

// Python's classes of characters, written for the regular expressions of JavaScript. A letter is what Python's \w has
// without digits, the underscore and the scripts that are written without spaces.
const UNSPACED = "\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const LETTER = `(?:(?![${UNSPACED}])[\\p{L}\\p{Nl}\\p{No}])`;
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const MAX_WORD = 64, MAX_SUBWORD = 16; // characters
const BYTE_PENALTY = 10; // nats below the least likely subword

const IN_WORD = /[\p{L}\p{N}'\u2019_]/u;
const IS_BLANK = new RegExp(`^[${SPACE}]*$`, "u");
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

export const isInWord = (character) => IN_WORD.test(character);
export const isBlank = (text) => IS_BLANK.test(text);
export const characters = (text) => Array.from(text);
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

// A byte of UTF-8 from 128 on is a symbol of its own: the lone surrogate U+DC80 to U+DCFF, as Python's
// "surrogateescape" has it.
const isByte = (symbol) => symbol.length === 1 && symbol >= "\udc80" && symbol <= "\udcff";
const bytesOf = (character) =>
  Array.from(new TextEncoder().encode(character), (byte) => String.fromCharCode(byte < 128 ? byte : 0xdc00 + byte));
const lengthOf = (first) => 1 + (first >= "\udcc0") + (first >= "\udce0") + (first >= "\udcf0");

/** The text of joined symbols: bytes become the characters that they spell, or U+FFFD where they spell none. */
export function bytesToCharacters(text) {
  return text.replace(/[\udc80-\udcff]+/gu, (bytes) =>
    new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0) - 0xdc00)),
  );
}

/** Takes symbols one by one and gives the text that may be shown: a character of several bytes when it is whole. */
export class Bytes {
  constructor() {
    this.held = "";
  }

  take(piece) {
    this.held += piece;
    if (isByte(piece) && this.held.length < lengthOf(this.held[0])) return "";
    return this.rest();
  }

  rest() {
    const text = bytesToCharacters(this.held);
    this.held = "";
    return text;
  }
}

class Tokenizer {
  constructor(saved) {
    this.symbols = saved.symbols;
    this.ids = new Map(saved.symbols.map((symbol, place) => [symbol, place + RESERVED]));
  }

  get hasBytes() {
    return false;
  }

  /** Ids of a text; UNKNOWN for what the vocabulary lacks. */
  encode(text) {
    return this.split(text).map((symbol) => this.ids.get(symbol) ?? UNKNOWN);
  }

  /** Symbols of a text that the vocabulary lacks, each once. */
  unknown(text) {
    return [...new Set(this.split(text))].filter((symbol) => !this.ids.has(symbol));
  }

  /** The text without the symbols that the vocabulary lacks. */
  readable(text) {
    return this.split(text).filter((symbol) => this.ids.has(symbol)).join("");
  }

  printed(separator) {
    return [separator, "", ...this.symbols];
  }

  /** The ids that a person may mean by a text: of the text, and of the text after a space. */
  idsOf(text) {
    return [...new Set([text, ` ${text.replace(/^ +/, "")}`])].flatMap((each) => this.ids.get(each) ?? []);
  }

  /** A text as `printed` has it where its symbols are joined. */
  spelled(text) {
    return text;
  }
}

class Characters extends Tokenizer {
  split(text) {
    return characters(text);
  }
}

class Words extends Tokenizer {
  get wholeWords() {
    return true;
  }

  constructor(saved) {
    super(saved);
    const whole = [...(saved.special ?? [])].sort((one, other) => other.length - one.length).map(escaped);
    const word = `${LETTER}+(?:['\\u2019]${LETTER}+)*`;
    this.symbol = new RegExp(` ?(?:${[...whole, word].join("|")}|[^${SPACE}])|[${SPACE}]`, "gu");
  }

  split(text) {
    return text.match(this.symbol) ?? [];
  }
}

class Subwords extends Tokenizer {
  constructor(saved) {
    super(saved);
    this.scores = saved.scores;
    this.ranks = new Map((saved.merges ?? []).map((pair, rank) => [this.pair(...pair.map((at) => this.symbols[at])), rank]));
    this.lowest = (saved.scores ?? []).reduce((low, score) => Math.min(low, score), 0) - BYTE_PENALTY;
    this.longest = this.symbols.reduce((most, symbol) => Math.max(most, characters(symbol).length), 0);
    this.words = new RegExp(
      ` ?(?:${LETTER}{1,${MAX_WORD}}(?:['\\u2019]${LETTER}{1,${MAX_WORD}}){0,2}` +
        `|[${UNSPACED}]{1,${MAX_SUBWORD}}|\\p{Nd}{1,3}|[^${SPACE}])|[${SPACE}]`,
      "gu",
    );
    this.divided = new Map();
  }

  get hasBytes() {
    return true;
  }

  pair(left, right) {
    return `${left.length} ${left}${right}`;
  }

  encode(text) {
    return this.split(text).map((symbol) => this.ids.get(symbol));
  }

  split(text) {
    const words = text.replace(LONE_SURROGATE, "\ufffd").match(this.words) ?? [];
    return words.flatMap((word) => {
      if (!this.divided.has(word)) {
        const parts = this.scores ? this.mostLikely(word) : this.merged(word);
        this.divided.set(word, parts.flatMap((part) => (this.ids.has(part) ? [part] : bytesOf(part))));
      }
      return this.divided.get(word);
    });
  }

  unknown() {
    return [];
  }

  spelled(text) {
    return this.split(text).join("");
  }

  readable(text) {
    return text;
  }

  /** Byte-pair encoding (Sennrich et al. 2016): merge the pair that was learned first, until none is left. */
  merged(word) {
    let parts = characters(word);
    while (parts.length > 1) {
      const order = parts.slice(1).map((right, place) => this.ranks.get(this.pair(parts[place], right)) ?? Infinity);
      const first = Math.min(...order);
      if (first === Infinity) break;
      const at = order.indexOf(first), left = parts[at], right = parts[at + 1];
      const joined = [];
      for (let place = 0; place < parts.length; place++) {
        const isPair = place + 1 < parts.length && parts[place] === left && parts[place + 1] === right;
        joined.push(isPair ? left + right : parts[place]);
        if (isPair) place++;
      }
      parts = joined;
    }
    return parts;
  }

  /** The division of highest probability under a unigram language model (Kudo 2018), by dynamic programming. */
  mostLikely(word) {
    const letters = characters(word);
    const best = [0, ...letters.map(() => -Infinity)], cameFrom = best.map(() => 0);
    letters.forEach((_, start) => {
      for (let end = start + 1; end <= Math.min(start + this.longest, letters.length); end++) {
        const id = this.ids.get(letters.slice(start, end).join(""));
        if (id === undefined && end > start + 1) continue;
        const score = best[start] + (id === undefined ? this.lowest : this.scores[id - RESERVED]);
        if (score > best[end]) [best[end], cameFrom[end]] = [score, start];
      }
    });
    const parts = [];
    for (let end = letters.length; end; end = cameFrom[end]) parts.unshift(letters.slice(cameFrom[end], end).join(""));
    return parts;
  }
}

/** A tokenizer from what a run's tokenizer.json holds. */
export function tokenizerOf(saved) {
  return new { char: Characters, word: Words, subword: Subwords }[saved.kind](saved);
}
