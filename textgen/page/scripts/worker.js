// The worker of the page: it has the model, and does one slice of a task after another, so that the page never waits and
// a task can be stopped.

import { bytesFrom, inflated } from "./engine.js";
import { unit, walk } from "./looking.js";
import { poem } from "./verse.js";
import { Writer } from "./writer.js";

const SLICE = 24; // milliseconds of work between two looks at the messages

// What can be asked for: functions of (writer, ...parameters) that yield what is known so far; null is nothing yet.
const TASKS = {
  write: (writer, ...parameters) => writer.write(...parameters),
  score: (writer, ...parameters) => writer.score(...parameters),
  propose: (writer, ...parameters) => writer.propose(...parameters),
  walk,
  unit,
  poem,
  *ids(writer, text) {
    yield { ids: writer.promptIds(text), unknown: writer.tokenizer.unknown(text) };
  },
};

const writers = new Map(); // by the name of the model
const running = new Set(); // calls
const stopped = new Set(); // those of them that shall end

/** Let messages that wait be handled. */
const breath = () =>
  new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(channel.port1.close());
    channel.port2.postMessage(null);
  });

async function load({ name, numbers, kernels }) {
  const bytes = typeof numbers === "string" ? await inflated(bytesFrom(numbers)) : new Uint8Array(numbers);
  const kernel = kernels.map(bytesFrom).find((each) => WebAssembly.validate(each));
  if (!kernel) throw new Error("the browser is too old: it has no vectors in WebAssembly");
  writers.get(name).load(bytes, await WebAssembly.compile(kernel));
}

async function run(call, writer, task, parameters) {
  const steps = TASKS[task](writer, ...parameters);
  running.add(call);
  for (;;) {
    const until = performance.now() + SLICE, items = [];
    let step = { done: false };
    while (!step.done && performance.now() < until) {
      step = steps.next();
      if (!step.done && step.value !== null) items.push(step.value);
    }
    if (items.length) postMessage({ call, items });
    if (!step.done) await breath();
    if (stopped.delete(call) || step.done) return;
  }
}

onmessage = async ({ data }) => {
  const { call, task, name, parameters } = data;
  if (task === "stop") {
    if (running.has(call)) stopped.add(call);
    return;
  }
  try {
    if (task === "open") writers.set(name, new Writer(data.model));
    else if (task === "load") await load(data);
    else await run(call, writers.get(name), task, parameters);
    postMessage({ call, done: true });
  } catch (error) {
    postMessage({ call, error: error.message });
  }
  running.delete(call);
};
