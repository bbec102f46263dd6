// Where a text ends, and which part of it may be shown.

import { BOUNDARY, Bytes } from "./tokens.js";

/** The part of a text that may be shown, and whether it is over: as textgen.writing.samples.Ending. */
export class Ending {
  constructor({ stop = [], documents = null }, isBackward, hasBytes) {
    Object.assign(this, { stop, documents, isBackward, over: null, held: "", line: [] });
    this.bytes = hasBytes ? new Bytes() : null;
  }

  take(id, piece) {
    let line = "";
    if (this.isBackward) {
      if (id !== BOUNDARY && piece !== "\n") {
        this.line.push(piece);
        return "";
      }
      line = this.reversed();
    }
    if (id === BOUNDARY && this.documents !== null && --this.documents === 0) {
      this.over = "documents";
      return this.rest() + line;
    }
    const held = this.held + line + (this.bytes ? this.bytes.take(piece) : piece);
    const found = this.stop.map((text) => held.indexOf(text)).filter((at) => at >= 0);
    if (found.length) {
      this.over = "stop";
      this.held = "";
      return held.slice(0, Math.min(...found));
    }
    // Hold back what may be the beginning of a stop.
    let size = Math.min(held.length, this.stop.reduce((most, text) => Math.max(most, text.length), 1) - 1);
    while (size > 0 && !this.stop.some((text) => text.startsWith(held.slice(-size)))) size--;
    this.held = held.slice(held.length - size);
    return held.slice(0, held.length - size);
  }

  reversed() {
    const line = this.line.reverse().join("");
    this.line = [];
    return line;
  }

  /** The text that is held back, where the text ends otherwise than by a stop. */
  rest() {
    const held = this.held + (this.bytes ? this.bytes.rest() : "") + this.reversed();
    this.held = "";
    return held;
  }
}
