"use strict";
(async () => {
  const $ = (id) => document.getElementById(id);
  const V = JSON.parse($("values").textContent);
  const time = V.symbols.length;

  // The numbers: see textgen/page/__init__.py for how they are laid out.
  const packed = Uint8Array.from(atob(V.arrays), (each) => each.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  const view = new DataView(bytes);
  const layers = [];
  let at = 0;
  V.shown.forEach((units, layer) => {
    const part = { units };
    for (const name of ["i", "f", "g", "o"]) {
      part[name] = at;
      at += 2 * units.length * time;
    }
    part.c = at;
    at += 2 * units.length * (time + 1);
    layers.push(part);
  });
  const cell = (layer, row, step) =>
    (view.getInt16(layers[layer].c + 2 * (row * (time + 1) + step + 1), true) / 32767) * V.scales[layer][row];
  const gate = (name, layer, row, step) => view.getUint16(layers[layer][name] + 2 * (row * time + step), true) / 65535;
  const value = {
    i: (layer, row, step) => gate("i", layer, row, step),
    f: (layer, row, step) => gate("f", layer, row, step),
    g: (layer, row, step) => gate("g", layer, row, step) * 2 - 1,
    o: (layer, row, step) => gate("o", layer, row, step),
    c: (layer, row, step) => cell(layer, row, step),
    h: (layer, row, step) => value.o(layer, row, step) * Math.tanh(cell(layer, row, step)),
  };
  const NAMES = {
    i: "input gate i", f: "forget gate f", g: "candidate g", o: "output gate o", c: "cell state tanh(c)", h: "hidden state h",
  };
  const signed = (name) => "gch".includes(name);

  // Colours: shares from white to green, signed numbers blue to red, surprise from white to red.
  const mix = (from, to, share) => from.map((each, place) => Math.round(each + (to[place] - each) * share));
  const WHITE = [255, 255, 255], GREEN = [17, 122, 101], RED = [192, 57, 43], BLUE = [36, 84, 142];
  const shade = (name, number) => {
    if (name === "bits") return mix(WHITE, RED, Math.min(number / 10, 1));
    if (name === "c") number = Math.tanh(number);
    return signed(name) ? mix(WHITE, number < 0 ? BLUE : RED, Math.min(Math.abs(number), 1)) : mix(WHITE, GREEN, number);
  };
  const css = (rgb) => `rgb(${rgb})`;
  const ink = (rgb) => (rgb[0] * 0.3 + rgb[1] * 0.59 + rgb[2] * 0.11 < 140 ? "#fff" : "#1d2733");

  const state = { step: 0, held: false, layer: 0, row: 0, colour: "bits", part: "f" };
  if (V.watched.length) {
    state.layer = V.watched[0].layer;
    state.row = V.shown[state.layer].indexOf(V.watched[0].unit);
  }

  // What does not change.
  $("run").textContent = V.run || "a run";
  document.title = `textgen: inside ${V.run}`;
  const mean = V.bits.reduce((sum, each) => sum + each, 0) / time;
  const cut = V.shown.some((units) => units.length < V.units);
  $("facts").textContent =
    `${V.layers} LSTM layer${V.layers > 1 ? "s" : ""} of ${V.units} units reading ${time} ${V.noun}s` +
    (time < V.total ? ` (${V.start + 1} to ${V.start + time} of ${V.total})` : "") +
    `; ${mean.toFixed(2)} bits a ${V.noun}` + (cut ? `; ${V.shown.map((units) => units.length).join(", ")} units shown` : "");
  $("notes").textContent = V.notes.join(". ");
  const option = (select, key, text) => select.append(new Option(text, key));
  option($("colour"), "bits", "surprise");
  for (const name in NAMES) {
    option($("colour"), name, `${NAMES[name]} of the unit`);
    option($("part"), name, NAMES[name]);
  }
  $("part").value = state.part;
  V.shown.forEach((units, layer) => option($("layer"), layer, layer));

  const unknown = new Set(V.unknown);
  const spans = V.symbols.map((symbol, step) => {
    const span = document.createElement("span");
    // A line's end has no body of its own: an arrow lends it one.
    span.textContent = symbol.includes("\n") ? V.visible[step] + symbol : symbol;
    span.dataset.step = step;
    if (unknown.has(step)) span.className = "unknown";
    return span;
  });
  $("text").append(...spans);

  const buttons = V.watched.map((each) => {
    const button = document.createElement("button");
    button.textContent = each.follows
      ? `${each.follows}: layer ${each.layer} unit ${each.unit}, r = ${each.correlation.toFixed(2)} (elsewhere ${each.elsewhere.toFixed(2)})`
      : `layer ${each.layer} unit ${each.unit}`;
    if (each.follows && !each.holds) {
      button.classList.add("doubtful");
      button.title = "The other half of the text does not bear it out.";
    }
    button.addEventListener("click", () => {
      state.layer = each.layer;
      state.row = V.shown[each.layer].indexOf(each.unit);
      state.colour = "c";
      $("colour").value = "c";
      drawAll();
    });
    $("watched").append(button);
    return button;
  });
  if (!buttons.length) $("watched").textContent = "None was found in a text so short.";

  // What changes with the unit: the colours of the text, the lists, the map.
  const drawUnits = () => {
    const units = V.shown[state.layer];
    $("layer").value = state.layer;
    $("unit").replaceChildren(...units.map((unit, row) => new Option(unit, row)));
    $("unit").value = state.row;
    const unit = units[state.row];
    const reasons = V.watched.filter((each) => each.layer === state.layer && each.unit === unit && each.follows);
    $("why").textContent = reasons
      .map((each) => `${each.holds ? "follows" : "seemed to follow"} ${each.follows} (r = ${each.correlation.toFixed(2)}, elsewhere ${each.elsewhere.toFixed(2)})`)
      .join("; ");
    V.watched.forEach((each, place) => buttons[place].classList.toggle("on", each.layer === state.layer && each.unit === unit));
  };
  const drawColours = () => {
    const name = state.colour;
    spans.forEach((span, step) => {
      const rgb = shade(name, name === "bits" ? V.bits[step] : value[name](state.layer, state.row, step));
      span.style.background = css(rgb);
      span.style.color = ink(rgb);
    });
    const ends = name === "bits" ? ["0", "10 bits"] : signed(name) ? ["−1", "1"] : ["0", "1"];
    const bar = document.createElement("i");
    const from = signed(name) ? `${css(BLUE)}, ${css(WHITE)}, ${css(RED)}` : `${css(WHITE)}, ${css(name === "bits" ? RED : GREEN)}`;
    bar.style.background = `linear-gradient(90deg, ${from})`;
    $("legend").replaceChildren(ends[0], bar, ends[1]);
  };
  let wide = 1, high = 1;
  const drawMap = () => {
    const units = V.shown[state.layer], canvas = $("canvas");
    canvas.width = time;
    canvas.height = units.length;
    wide = Math.max(2, Math.min(10, Math.floor(($("map").clientWidth - 2) / time)));
    high = Math.max(2, Math.min(12, Math.floor(420 / units.length)));
    canvas.style.width = `${wide * time}px`;
    canvas.style.height = `${high * units.length}px`;
    const context = canvas.getContext("2d");
    const image = context.createImageData(time, units.length);
    units.forEach((_, row) => {
      for (let step = 0; step < time; step++) {
        const rgb = shade(state.part, value[state.part](state.layer, row, step));
        image.data.set([...rgb, 255], 4 * (row * time + step));
      }
    });
    context.putImageData(image, 0, 0);
  };

  // What changes with the step.
  const short = (number) => number.toFixed(3).replace("-", "−");
  let marked = null;
  const drawStep = () => {
    const { step, layer, row } = state;
    if (marked) marked.classList.remove("on");
    marked = spans[step];
    marked.classList.add("on");
    $("number").textContent = V.start + step + 1;
    $("symbol").textContent = V.visible[step];
    $("bits").textContent = V.bits[step].toFixed(2);
    const share = 100 * 2 ** -V.bits[step];
    $("probability").textContent = `${share >= 10 ? share.toFixed(0) : share.toPrecision(2)}%`;
    const came = step + 1 < time ? V.visible[step + 1] : null;
    $("next").tBodies[0].replaceChildren(
      ...V.next[step].map(([text, chance]) => {
        const line = document.createElement("tr");
        line.className = text === came ? "came" : "";
        for (const kind of ["what", "bar", "much"]) {
          const entry = line.insertCell();
          entry.className = kind;
          if (kind === "what") entry.textContent = text;
          if (kind === "much") entry.textContent = `${(100 * chance).toFixed(1)}%`;
          if (kind === "bar") entry.append(document.createElement("b"));
        }
        line.querySelector("b").style.width = `${100 * chance}%`;
        return line;
      })
    );
    const now = {};
    for (const name in value) now[name] = value[name](layer, row, step);
    const before = cell(layer, row, step - 1);
    for (const name of ["i", "f", "g", "o"]) {
      const rgb = shade(name, now[name]);
      $(`box-${name}`).querySelector("rect").style.fill = css(rgb);
      $(`box-${name}`).querySelectorAll("text").forEach((text) => (text.style.fill = ink(rgb)));
    }
    for (const name in now) $(name).textContent = short(now[name]);
    $("before").textContent = short(before);
    $("sum").textContent =
      `c = f·c + i·g = ${short(now.f)}·${short(before)} + ${short(now.i)}·${short(now.g)} = ${short(now.c)}\n` +
      `h = o·tanh(c) = ${short(now.o)}·${short(Math.tanh(now.c))} = ${short(now.h)}`;
    const context = $("strips").getContext("2d"), units = V.shown[layer];
    context.clearRect(0, 0, 440, 120);
    ["i", "f", "g", "o", "c", "h"].forEach((name, line) => {
      units.forEach((_, place) => {
        context.fillStyle = css(shade(name, value[name](layer, place, step)));
        context.fillRect((440 * place) / units.length, 20 * line, 440 / units.length + 0.5, 18);
      });
    });
    context.strokeStyle = "#1d2733";
    context.strokeRect((440 * row) / units.length, 0.5, Math.max(440 / units.length, 2), 118);
    $("cursor").style.left = `${wide * step + wide / 2}px`;
  };
  const drawAll = () => {
    drawUnits();
    drawColours();
    drawMap();
    drawStep();
  };

  const go = (step) => {
    state.step = Math.max(0, Math.min(time - 1, step));
    drawStep();
  };
  const stepOf = (event) => {
    const span = event.target.closest("span[data-step]");
    return span ? Number(span.dataset.step) : null;
  };
  $("text").addEventListener("pointerover", (event) => {
    const step = stepOf(event);
    if (step !== null && !state.held) go(step);
  });
  $("text").addEventListener("click", (event) => {
    const step = stepOf(event);
    if (step === null) return;
    state.held = !(state.held && state.step === step);
    go(step);
  });
  $("text").addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in moves) {
      event.preventDefault();
      go(state.step + moves[event.key]);
      marked.scrollIntoView({ block: "nearest" });
    }
  });
  const place = (event) => {
    const box = $("canvas").getBoundingClientRect();
    return [Math.floor((event.clientX - box.left) / wide), Math.floor((event.clientY - box.top) / high)];
  };
  $("canvas").addEventListener("pointermove", (event) => {
    const [step, row] = place(event);
    if (!state.held) go(step);
    $("canvas").title = `unit ${V.shown[state.layer][Math.max(0, Math.min(row, V.shown[state.layer].length - 1))]}`;
  });
  $("canvas").addEventListener("click", (event) => {
    const [step, row] = place(event);
    state.row = Math.max(0, Math.min(row, V.shown[state.layer].length - 1));
    state.step = Math.max(0, Math.min(time - 1, step));
    drawAll();
  });
  $("colour").addEventListener("change", () => { state.colour = $("colour").value; drawColours(); });
  $("part").addEventListener("change", () => { state.part = $("part").value; drawMap(); });
  $("layer").addEventListener("change", () => { state.layer = Number($("layer").value); state.row = 0; drawAll(); });
  $("unit").addEventListener("change", () => { state.row = Number($("unit").value); drawAll(); });
  addEventListener("resize", () => { drawMap(); drawStep(); });
  drawAll();
  document.documentElement.dataset.ready = "yes";
})();
