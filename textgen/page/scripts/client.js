// What the page asks of its worker.

let worker;
let calls = 0;
const waiting = new Map();

/** Start the worker from its script, a text in the page. */
export function startWorker(script) {
  worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  worker.onerror = ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(message || "its worker cannot start"));
    waiting.clear();
  };
  worker.onmessage = ({ data: { call, items, done, error } }) => {
    const one = waiting.get(call);
    if (!one) return;
    if (items) one.take(items);
    if (!done && !error) return;
    waiting.delete(call);
    if (error) one.reject(new Error(error));
    else one.resolve();
  };
}

function ask(message, take = () => {}) {
  const call = ++calls;
  const over = new Promise((resolve, reject) => waiting.set(call, { take, resolve, reject }));
  worker.postMessage({ ...message, call });
  return { over, stop: () => worker.postMessage({ task: "stop", call }) };
}

export const openModel = (name, model, numbers, kernel) => ask({ task: "open", name, model, numbers, kernel }).over;

/** All that a task yields, in one list. */
export async function collect(name, task, parameters) {
  const found = [];
  await start(name, task, parameters, (items) => found.push(...items)).over;
  return found;
}

/** A task of a Writer. take is called with lists of what it yields. Returns {over, stop}. */
export const start = (name, task, parameters, take) => ask({ task, name, parameters }, take);
