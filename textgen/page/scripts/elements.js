// Small helpers for the elements of a page.

export const byId = (id) => document.getElementById(id);

/** An element with properties and children. A property with a dash, or "role", is set as an attribute. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

const NAMES = { "\n": "↵", " ": "␣", "\t": "⇥" };

/** A symbol as it is shown where symbols stand alone. */
export const visible = (symbol) =>
  symbol === "" ? "∅" : Array.from(symbol, (character) => NAMES[character] ?? bare(character)).join("");

/** A character, or its code point where it has no shape of its own. */
function bare(character) {
  const isShapeless = /[\p{C}\p{Z}\p{M}]/u.test(character);
  return isShapeless ? `\\u${character.codePointAt(0).toString(16).padStart(4, "0")}` : character;
}

export const bits = (nats) => nats / Math.LN2;

/** A number with so many digits after the point, and a minus as wide as a plus. */
export const shown = (number, digits = 2) => number.toFixed(digits).replace("-", "\u2212");

/** Say something that happened, where a screen reader reads it out. */
export function say(text, place = byId("said")) {
  place.textContent = text;
}

/** Copy a text; say whether it worked. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say("The browser does not let this page copy. Select the text and copy it.");
  }
}
