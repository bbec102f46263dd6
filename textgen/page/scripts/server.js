// The server that a page came from: its models, and the tasks that it does for the page.

import { byId, say } from "./elements.js";

const SERVER_TASKS = new Set(["write", "score"]);

let key = "";

/** Ask the server. Raises Error with what it answers; of a key that is missing, asks the person for one. */
async function askServer(path, body, signal) {
  for (;;) {
    const headers = { ...(body && { "Content-Type": "application/json" }), ...(key && { Authorization: `Bearer ${key}` }) };
    const answer = await fetch(path, { method: body ? "POST" : "GET", headers, body, signal, cache: "no-store" });
    if (answer.ok) return answer;
    const said = (await answer.json().catch(() => null))?.error?.message ?? `the server answered ${answer.status}`;
    if (answer.status !== 401) throw new Error(said);
    key = await newKey(key && said);
  }
}

/** The key that the person types. wrong: what the server said of the key before. */
function newKey(wrong) {
  byId("key-form").hidden = false;
  byId("key").focus();
  say(wrong ? `${wrong}.` : "This server wants a key.");
  return new Promise((resolve) => {
    byId("key-form").onsubmit = (event) => {
      event.preventDefault();
      const typed = byId("key").value.trim();
      if (!/^[!-~]+$/.test(typed)) {
        say("A key has printable ASCII characters only, without spaces.");
        return;
      }
      byId("key-form").hidden = true;
      say("");
      resolve(typed);
    };
  });
}

/** Whether the server wanted a key. */
export const hasKey = () => key !== "";

/** The names of the models. */
export const modelNames = async () => (await (await askServer("v1/models")).json()).data.map(({ id }) => id);

/** What the page needs of a model but its numbers. */
export const modelOf = async (name) => (await askServer(`playground/model/${encodeURIComponent(name)}`)).json();

/** The numbers of a model. */
export const numbersOf = async ({ name, version }) =>
  (await askServer(`playground/numbers/${encodeURIComponent(name)}?version=${encodeURIComponent(version)}`)).arrayBuffer();

export const labelsOf = ({ labels = {}, guidance = 1 } = {}) => {
  const told = Object.entries(labels).map(([name, label]) => `${name}=${label}`);
  return told.length ? { label: told, ...(guidance !== 1 && { guidance }) } : {};
};

/** The body of a completions request, by the names that clients know. */
export const apiFields = (name, prompt, { length, count = 1, typical, repetition_window, ...others }, told = {}) => ({
  model: name,
  prompt,
  max_tokens: length,
  ...others,
  ...(typical && { typical_p: typical }),
  ...(others.repetition_penalty && { repetition_window }),
  ...(count > 1 && { n: count }),
  ...labelsOf(told),
});

/** A body as JSON; a seed may be larger than the numbers of JavaScript. */
export const bodyOf = ({ seed, ...fields }) => JSON.stringify(fields).replace(/}$/, seed === undefined ? "}" : `,"seed":${seed}}`);

/** Poems that the server writes. */
export const poemsOf = async (fields) => (await (await askServer("v1/textgen/poem", bodyOf(fields))).json()).poems;

/** What the server's checker finds in a poem. */
export const verdictOf = async (fields) => (await askServer("v1/textgen/poem/check", bodyOf(fields))).json();

/** The data of server-sent events, one by one. */
async function* eventsOf(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const events = held.split("\n\n");
    held = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
}

/** The tasks of a server, for useServer. isOn: whether it shall do them now. */
export function serverTasks(model, isOn) {
  const groups = new WeakMap(); // texts of one call, which the server writes together: by the call's options

  const write = ([prompt, options, number, change], take, signal) => {
    const own = groups.get(options) ?? new Map();
    groups.set(options, own.set(number, take));
    if (number) return own.over;
    const fields = apiFields(model.name, prompt, options, change);
    const body = bodyOf({ ...fields, stream: true, logprobs: 0, unknown: "skip" });
    own.over = (async () => {
      const answer = await askServer("v1/completions", body, signal);
      for await (const { choices = [], error } of eventsOf(answer)) {
        if (error) throw new Error(error.message);
        for (const { index, text, logprobs } of choices) {
          const chances = logprobs?.token_logprobs ?? [];
          const sum = chances.reduce((total, chance) => total - chance, 0);
          const isOne = chances.length && logprobs.tokens.join("") === text;
          const pieces = isOne ? logprobs.tokens.map((token, at) => ({ text: token, nats: -chances[at] })) : [{ text, nats: sum / Math.max(chances.length, 1) }];
          own.get(index)?.(pieces);
        }
      }
    })();
    return own.over;
  };

  const score = async ([text, change], take, signal) => {
    const answer = await askServer("v1/textgen/score", bodyOf({ model: model.name, text, ...labelsOf(change) }), signal);
    const { symbols, surprisal, unknown } = await answer.json();
    take(symbols.map((symbol, place) => ({ place, symbol, nats: surprisal[place], isKnown: !unknown[place], next: [] })));
  };

  return {
    does: (task) => isOn() && SERVER_TASKS.has(task),
    start(task, parameters, take) {
      const control = new AbortController();
      const over = Promise.resolve((task === "write" ? write : score)(parameters, take, control.signal));
      return { over: over.catch((error) => { if (!control.signal.aborted) throw error; }), stop: () => control.abort() };
    },
  };
}
