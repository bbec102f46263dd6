// Chinese regulated verse in the page: the masks, the search and the arithmetic of textgen.verse, so that a seed writes
// the same poem here and there. A poem is checked with the same tables as the masks, but by its lines alone.

import { contains } from "./hashes.js";
import { RandomStream } from "./random.js";
import { BELOW, logProbability } from "./sampling.js";
import { BOUNDARY, characters } from "./tokens.js";

const DRAWS_A_LINE = 12, DRAWS_A_START = 3; // draws of an attempt for each line; draws from one start
const ATTEMPTS = 4, MOST_ROWS = 64; // each attempt samples twice as many rows as the one before
const LEVEL = 1, OBLIQUE = 2; // bits of a symbol's tones
// Of a title in a series, how many there are and which this is (textgen.corpus.headings); characters of a title.
const SERIES = /[一二三四五六七八九十百]+首|(?:^|\s)其?[一二三四五六七八九十百]+$|其[一二三四五六七八九十百]+$/gu, MAX_TITLE = 16;
const SIGNS = ["？", "平", "仄", "中"];
const COMMA = "，", ENDING = "。！？", CLOSING = "，。！？；：、";

const isLevelLine = (kind) => kind !== kind.toLowerCase(); // a capital: the line rhymes

/** The masks of a poem of one template. Positions are values: {line, slot, patterns, used, groups, isOver}. */
class Regulated {
  constructor(verse, printed, form, template, tones, heads, groups) {
    Object.assign(this, { verse, form, template, heads, groups, isCareful: false, size: printed.length });
    this.patterns = characters(template).map((kind) =>
      tones === "off" ? ["N".repeat(form.length)] : verse.patterns[form.length][tones][kind]);
    const only = (symbols) => Uint8Array.from(printed, (symbol, id) => Number(id >= 2 && symbols.includes(symbol) && symbol !== ""));
    [this.comma, this.ending, this.newline] = [COMMA, ENDING, "\n"].map(only);
  }

  begin() {
    return this.at(0);
  }

  at(line) {
    return { line, slot: 0, patterns: this.patterns[line], used: [], groups: this.groups, isOver: false };
  }

  careful() {
    const other = Object.assign(Object.create(Regulated.prototype), this);
    other.isCareful = true;
    return other;
  }

  isRhyme({ slot, line }) {
    return slot === this.form.length - 1 && isLevelLine(this.template[line]);
  }

  /** Whether a symbol has the tone P, Z or N. */
  has(id, tone) {
    const own = this.verse.tones[id];
    return tone === "N" ? own > 0 || this.verse.ideographs[id] : Boolean(own & (tone === "P" ? LEVEL : OBLIQUE));
  }

  /** The symbols of some rhyme groups that a rhyme may take, as a mask. */
  rhyming(groups) {
    const mask = new Uint8Array(this.size);
    for (const group of groups) for (const id of this.verse.members[group]) mask[id] = 1;
    return mask;
  }

  /** Whether each symbol may come next. */
  mask(position) {
    const { slot, line, used, groups } = position, { length } = this.form;
    if (slot > length) return this.newline;
    if (slot === length) return line % 2 ? this.ending : this.comma;
    const tones = new Set(position.patterns.map((pattern) => pattern[slot]));
    const head = slot === 0 ? this.heads[line] : undefined;
    const rhyming = this.isRhyme(position) ? this.rhyming(groups) : null;
    const mask = new Uint8Array(this.size);
    for (let id = 0; id < this.size; id++)
      mask[id] = Number((head === undefined || id === head) && (!rhyming || rhyming[id]) && [...tones].some((tone) => this.has(id, tone)));
    if (head === undefined) {
      for (const id of used) mask[id] = 0;
      if (this.isCareful) this.reserved(position).forEach((isReserved, id) => isReserved && (mask[id] = 0));
    }
    return mask;
  }

  /** The symbols after which too few characters would be left for the rhymes to come, as a mask. */
  reserved(position) {
    const toCome = characters(this.template.slice(position.line)).filter(isLevelLine).length;
    const later = Object.entries(this.heads).filter(([line]) => Number(line) > position.line).map(([, id]) => id);
    const taken = new Set([...position.used, ...later]);
    const left = position.groups.map((group) => [group, this.verse.members[group].filter((id) => !taken.has(id)).length]);
    const among = (holds) => this.rhyming(left.filter(([, count]) => holds(count)).map(([group]) => group));
    if (this.isRhyme(position)) return among((count) => count >= toCome).map((isEnough) => Number(!isEnough));
    if (!toCome || left.some(([, count]) => count > toCome)) return new Uint8Array(this.size);
    return among((count) => count === toCome);
  }

  /** The position after a symbol that the mask allows. */
  after(position, id) {
    const { length } = this.form, { slot, line } = position;
    const nextLine = () => ({ ...position, line: line + 1, slot: 0, patterns: this.patterns[line + 1] });
    if (slot > length) return nextLine();
    if (slot === length) {
      if (line + 1 === this.form.lines) return { ...position, line: line + 1, isOver: true };
      return line % 2 ? { ...position, slot: slot + 1 } : nextLine();
    }
    const patterns = position.patterns.filter((pattern) => this.has(id, pattern[slot]));
    const groups = this.isRhyme(position) ? position.groups.filter((group) => this.verse.groups[id]?.includes(group)) : position.groups;
    return { ...position, slot: slot + 1, patterns, used: [...position.used, id], groups };
  }
}

/** Sample lines side by side; the distinct finished ones, the likeliest first. Yields null between steps. */
function* lines(network, vocabulary, verse, from, rows, temperature, uniforms) {
  let state = network.repeated(from.state, rows);
  let logits = new Float32Array(rows * vocabulary);
  for (let row = 0; row < rows; row++) logits.set(from.logits, row * vocabulary);
  const all = Array.from({ length: rows }, () => ({ ids: [], position: from.position, score: 0, isAlive: true }));
  const done = [];
  for (let step = 0; all.some(({ isAlive }) => isAlive); step++) {
    const next = all.map((one, row) => {
      const number = uniforms[row].uniform();
      if (!one.isAlive) return BOUNDARY;
      const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary), mask = verse.mask(one.position);
      const id = mask.includes(1) ? symbolUnder(own, mask, temperature, number, step ? 0 : row) : -1;
      if (id < 0) {
        one.isAlive = false;
        return BOUNDARY;
      }
      one.score += logProbability(own, id);
      one.ids.push(id);
      one.position = verse.after(one.position, id);
      return id;
    });
    if (!all.some(({ isAlive }) => isAlive)) break;
    const seen = network.step(state, next);
    [logits, state] = [seen.logits.slice(), seen.state]; // other tasks step the network meanwhile
    all.forEach((one, row) => {
      if (!one.isAlive || !(one.position.isOver || one.position.line > from.position.line)) return;
      one.isAlive = false;
      done.push({ ...one, state: network.rowOf(state, row), logits: logits.slice(row * vocabulary, (row + 1) * vocabulary) });
    });
    yield null;
  }
  const distinct = new Map(done.reverse().map((line) => [line.ids.join(), line]));
  return [...distinct.values()].sort((one, other) => other.score - one.score);
}

/** A symbol under a mask. At temperature 0 the likeliest, or the one of a rank; -1 where there is none of that rank. */
function symbolUnder(logits, mask, temperature, number, rank) {
  if (temperature === 0) {
    const order = Array.from(mask.keys()).filter((id) => mask[id]).sort((one, other) => logits[other] - logits[one]);
    return order[rank] ?? -1;
  }
  let highest = -Infinity;
  for (let id = 0; id < mask.length; id++) if (mask[id] && logits[id] > highest) highest = logits[id];
  const cumulative = new Float64Array(mask.length);
  let total = 0;
  for (let id = 0; id < mask.length; id++) {
    // In single precision, as textgen.verse.decoder computes them.
    if (mask[id]) total += Math.fround(Math.exp(Math.fround(Math.fround(logits[id] - highest) / Math.fround(temperature))));
    cumulative[id] = total;
  }
  const bound = number * (total * BELOW);
  return cumulative.findIndex((sum) => sum > bound);
}

/** One attempt to find a poem, depth first; its lines, or null. */
function* search(network, vocabulary, verse, start, rows, { seed, number, temperature }, numbers, isRefused) {
  const most = temperature > 0 ? DRAWS_A_START : 1;
  const frames = [{ start, queue: [], draws: 0 }];
  while (frames.length) {
    const frame = frames[frames.length - 1];
    if (frame.queue.length) {
      const line = frame.queue.shift();
      if (line.position.isOver) return [...frames.slice(1).map((each) => each.start), line];
      frames.push({ start: line, queue: [], draws: 0 });
    } else if (!numbers.length) return null;
    else if (frame.draws < most) {
      const draw = numbers.pop();
      const uniforms = Array.from({ length: rows }, (_, row) => new RandomStream(seed, [number, draw, row]));
      const found = yield* lines(network, vocabulary, verse, frame.start, rows, temperature, uniforms);
      frame.queue = found.filter(({ ids }) => !isRefused(ids));
      frame.draws++;
    } else frames.pop();
  }
  return null;
}

/** The verses, one a template, that keep what is asked for. */
function versesOf(writer, form, tones, heads) {
  const { verse } = writer.model;
  const modes = tones === "strict" ? ["strict", "variants"] : [tones];
  for (const mode of modes) {
    const found = form.templates.flatMap((template) => {
      const needed = characters(template).filter(isLevelLine).length;
      const groups = verse.names.map((_, group) => group).filter((group) => verse.members[group].length >= needed);
      const one = new Regulated(verse, writer.printed, form, template, mode, heads, groups);
      return groups.length && Object.keys(heads).every((line) => one.mask(one.at(Number(line))).includes(1)) ? [one] : [];
    });
    if (found.length) return found;
  }
  throw new Error("No template of this form can begin its lines with these characters. Choose others, or other tones.");
}

/** The ids that the model reads before a poem: its heading, as textgen.corpus.headings writes it, or its title alone. */
function readFirst(writer, form, asked, idsOf) {
  const { heading, ideographs } = writer.model.verse;
  if (heading === "none") {
    const ids = idsOf(asked, false);
    return ids.length ? [...ids, BOUNDARY] : [];
  }
  const title = idsOf(asked.trim().replace(SERIES, ""), false).filter((id) => ideographs[id]).slice(0, MAX_TITLE);
  const own = heading === "form" ? [] : title, shape = heading === "title" ? "" : form.shape;
  return own.length || shape ? idsOf("《", false).concat(own, idsOf(`》${shape}`, false), writer.tokenizer.ids.get("\n") ?? []) : [];
}

/**
 * Write a poem. Yields null until the last value, {rows: [[{symbol, sign, isWrong, rhymes}]], template, rhyme}.
 *
 * asked: {form, acrostic, title, tones}. options: {seed, number, temperature, tries}.
 */
export function* poem(writer, asked, options, change) {
  const { network, state } = writer.guided(change), { vocabulary } = writer.model.sizes;
  const form = writer.model.verse.forms.find(({ name }) => name === asked.form);
  const idsOf = (text, isStrict) => characters(text.replace(/\s/g, "")).flatMap((symbol) => {
    const id = writer.tokenizer.ids.get(symbol);
    if (id === undefined && isStrict) throw new Error(`The model never saw ${symbol}. Choose another character.`);
    return id ?? [];
  });
  const acrostic = idsOf(asked.acrostic, true);
  if (acrostic.length > form.lines) throw new Error(`The acrostic has ${acrostic.length} characters, and this form ${form.lines} lines.`);
  const verses = versesOf(writer, form, asked.tones, { ...acrostic });
  let verse = verses[new RandomStream([options.seed, options.number]).whole(verses.length)];
  const before = [BOUNDARY, ...readFirst(writer, form, asked.title, idsOf)];
  const start = { ...network.read(before, state), position: verse.begin(), ids: [] };
  const { memory } = writer.weights, spell = (ids) => ids.map((id) => writer.printed[id]).filter((symbol) => !(CLOSING + "\n").includes(symbol)).join("");
  const isLearned = (ids) => memory !== undefined && contains(memory, spell(ids));
  const draws = DRAWS_A_LINE * form.lines;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const numbers = Array.from({ length: draws }, (_, at) => attempt * draws + at);
    const rows = Math.max(options.tries, Math.min(options.tries * 2 ** attempt, MOST_ROWS));
    const found = yield* search(network, vocabulary, verse, start, rows, options, numbers, isLearned);
    if (found) {
      yield checked(writer, form, verse.template, asked.tones, found.map(({ ids }) => ids.map((id) => writer.printed[id])));
      return;
    }
    verse = verse.careful();
  }
  throw new Error("No poem was found that keeps everything asked for. Try another seed, or ask for less.");
}

/** A poem with its tones and rhymes, and what in it breaks the form. */
function checked(writer, form, template, tones, found) {
  const { verse } = writer.model, idOf = (symbol) => writer.tokenizer.ids.get(symbol);
  const inBook = (symbol) => verse.groups[idOf(symbol)] ?? [];
  const texts = found.map((line) => line.filter((symbol) => symbol !== "\n"));
  const bare = texts.map((line) => line.filter((symbol) => !CLOSING.includes(symbol)));
  const shared = bare
    .filter((_, at) => isLevelLine(template[at]))
    .map((line) => inBook(line[line.length - 1]))
    .reduce((groups, own) => groups.filter((group) => own.includes(group)));
  const allowed = tones === "off" ? null : verse.patterns[form.length][tones === "strict" ? "variants" : tones];
  const rows = texts.map((line, at) => {
    const own = bare[at].map((symbol) => verse.tones[idOf(symbol)]);
    const agrees = (pattern) => own.filter((tone, slot) => pattern[slot] === "N" || tone & (pattern[slot] === "P" ? LEVEL : OBLIQUE)).length;
    const best = allowed?.[template[at]].reduce((one, other) => (agrees(other) > agrees(one) ? other : one));
    return line.map((symbol, slot) => {
      if (CLOSING.includes(symbol)) return { symbol, sign: "", isWrong: false, rhymes: false };
      const tone = own[slot], wanted = best?.[slot] ?? "N";
      const rhymes = slot === form.length - 1 && isLevelLine(template[at]);
      const isWrong = (wanted === "P" && !(tone & LEVEL)) || (wanted === "Z" && !(tone & OBLIQUE)) || (rhymes && !shared.length);
      return { symbol, sign: SIGNS[tone], isWrong, rhymes };
    });
  });
  return { rows, template, rhyme: shared.map((group) => verse.names[group]).join("、") };
}
