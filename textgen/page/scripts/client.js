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

/** Have the worker know a model's symbols. */
export const openModel = (name, model) => ask({ task: "open", name, model }).over;

/** Have the worker know a model's numbers: base64, or an ArrayBuffer. kernels: variants of the step, in base64. */
export const loadModel = (name, numbers, kernels) => ask({ task: "load", name, numbers, kernels }).over;

// Where tasks are done that the worker does not do, and how the worker gets a model's numbers when it first needs them.
const elsewhere = { does: () => false, load: null };
// Tasks that need a model's symbols only.
const OF_SYMBOLS = new Set(["ids"]);

/** Let some tasks be done by a server. does(task): whether it does it now; start: as of this module; load: a promise. */
export const useServer = (server) => Object.assign(elsewhere, server);

/** A task. take is called with lists of what it yields. Returns {over, stop}. */
export function start(name, task, parameters, take) {
  return elsewhere.does(task) ? elsewhere.start(task, parameters, take) : startHere(name, task, parameters, take);
}

/** A task that is done in the page, whatever a server could do. */
export function startHere(name, task, parameters, take) {
  if (OF_SYMBOLS.has(task) || !elsewhere.load) return ask({ task, name, parameters }, take);
  let asked = null, isStopped = false;
  const over = elsewhere.load().then(() => {
    if (isStopped) return;
    asked = ask({ task, name, parameters }, take);
    return asked.over;
  });
  return { over, stop: () => ((isStopped = true), asked?.stop()) };
}

/** All that a task yields, in one list. */
export async function collect(name, task, parameters) {
  const found = [];
  await start(name, task, parameters, (items) => found.push(...items)).over;
  return found;
}
