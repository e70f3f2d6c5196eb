// The traces of a recording, scrolled and scaled as in MNE's browser; a window of time is picked. Follows common.js.

const HINT = "Click a window to pick it. Keys: arrows scroll, Home and End jump, + and − scale, Enter picks the window in the middle, Esc clears.";
const SPANS = [5, 10, 20, 60]; // s
const FACTOR = 1.25; // of one step of scaling
const LEFT = 46; // CSS pixels for names

function buildTraces(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "traces of a recording");
  view.canvas = element("canvas", "", view.stage);
  [view.start, view.span, view.factor] = [0, 10, 1];
  view.draw = () => drawTraces(view);
  view.announce = () => announceWith(view, HINT);
  view.valueOf = () => null;
  view.describe = (index) => describeWindow(view, index);
  view.step = (key) => stepTraces(view, key);
  makeTraceTools(view);
  listenKeys(view);
  listenPointer(view, view.canvas, (event) => windowAt(view, event));
  view.canvas.addEventListener("click", (event) => {
    const index = windowAt(view, event);
    if (index !== null) choose(view, (view.cursor = index));
  });
}

function makeTraceTools(view) {
  const button = (text, name, change) => {
    const made = element("button", "tool", view.tools, text);
    made.type = "button";
    made.setAttribute("aria-label", name);
    made.addEventListener("click", () => {
      change();
      view.draw();
    });
  };
  button("◀", "Scroll back", () => scroll(view, -view.span / 2));
  const label = element("label", "tool", view.tools);
  view.slider = element("input", "", label);
  Object.assign(view.slider, { type: "range", min: 0, step: 0.25 });
  view.slider.setAttribute("aria-label", "Start of the visible part, in seconds");
  view.slider.addEventListener("input", () => {
    view.start = Number(view.slider.value);
    view.draw();
  });
  button("▶", "Scroll forward", () => scroll(view, view.span / 2));
  const choice = element("select", "", element("label", "tool", view.tools, "show "));
  SPANS.forEach((seconds) => element("option", "", choice, `${seconds} s`));
  choice.selectedIndex = 1;
  choice.addEventListener("change", () => {
    view.span = SPANS[choice.selectedIndex];
    scroll(view, 0);
    view.draw();
  });
  button("−", "Smaller", () => (view.factor /= FACTOR));
  button("+", "Larger", () => (view.factor *= FACTOR));
  const toggle = (name, change) => {
    const label = element("label", "tool", view.tools);
    const box = element("input", "", label);
    box.type = "checkbox";
    label.append(` ${name}`);
    box.addEventListener("change", () => {
      change(box.checked);
      view.draw();
    });
  };
  toggle("each row its own scale", (on) => (view.own = on));
  toggle("butterfly", (on) => (view.butterfly = on));
  view.scaling = element("span", "tool", view.tools);
}

function scroll(view, seconds) {
  const last = Math.max(0, view.header.seconds - view.span);
  view.start = Math.min(last, Math.max(0, view.start + seconds));
}

function stepTraces(view, key) {
  const moves = { ArrowLeft: -view.span / 4, ArrowRight: view.span / 4, Home: -Infinity, End: Infinity };
  if (key in moves) scroll(view, moves[key]);
  else if (key === "+" || key === "=") view.factor *= FACTOR;
  else if (key === "-") view.factor /= FACTOR;
  else return false;
  view.cursor = windowOf(view, view.start + view.span / 2);
  return true;
}

/** The window that holds a moment, in seconds of the recording; null outside all windows. */
function windowOf(view, second) {
  const { rest, window, windows } = view.header;
  const index = Math.floor((second - rest) / window);
  return index >= 0 && index < windows ? index : null;
}

function windowAt(view, event) {
  if (!view.size) return null;
  const frame = view.canvas.getBoundingClientRect();
  const x = event.clientX - frame.left;
  if (x < LEFT) return nameAt(view, event.clientY - frame.top);
  return windowOf(view, view.start + ((x - LEFT) / (view.size[0] - LEFT)) * view.span);
}

/** The channel whose name is there, counted after the windows; null where names cannot be picked. */
function nameAt(view, y) {
  const { labels, namesToo, windows, height } = view.header;
  const index = Math.floor((y / (height - 20)) * labels.length);
  return namesToo && !view.butterfly && index >= 0 && index < labels.length ? windows + index : null;
}

function describeWindow(view, index) {
  if (index >= view.header.windows) return [`channel ${view.header.labels[index - view.header.windows]}: click to leave it out or take it back`];
  const { rest, window, answers } = view.header;
  const from = rest + index * window;
  return [`window ${index + 1}: ${from}–${from + window} s`, answers[index]];
}

// ---- drawing --------------------------------------------------------------------------------------------------

function drawTraces(view) {
  const { header, stage, canvas } = view;
  if (!header || !view.still || !stage.clientWidth) return;
  const look = theme(view.root);
  const [width, height] = (view.size = [stage.clientWidth, header.height]);
  const context = sharpContext(canvas, width, height);
  const at = (second) => LEFT + ((second - view.start) / view.span) * (width - LEFT);
  view.slider.max = Math.max(0, header.seconds - view.span);
  view.slider.value = view.start;
  const row = (height - 20) / header.labels.length;
  const microvolts = header.spacing / view.factor; // from one row to the next
  view.scaling.textContent = view.own ? "each row its own scale" : `${microvolts.toPrecision(3)} µV ${view.butterfly ? "are one row of the sheet" : "from row to row"}`;
  drawWindows(context, view, at, height, look);
  drawMarks(context, view, at, height, look);
  drawRows(context, view, at, row, microvolts, look);
  drawClock(context, view, at, height, look);
}

function drawWindows(context, view, at, height, look) {
  const { header: { rest, window, windows }, selected, cursor } = view;
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, view.size[0] - LEFT, height);
  context.clip();
  context.globalAlpha = 0.1;
  context.fillStyle = look.text;
  if (rest) context.fillRect(at(0), 0, at(rest) - at(0), height - 20);
  for (const [index, alpha] of [[cursor, 0.1], [selected, 0.22]]) {
    if (index === null) continue;
    context.globalAlpha = alpha;
    context.fillStyle = look.accent;
    context.fillRect(at(rest + index * window), 0, at(window) - at(0), height - 20);
  }
  context.globalAlpha = 0.25;
  context.fillStyle = look.text;
  for (let i = 0; i <= windows; i += 1) context.fillRect(at(rest + i * window), 0, 1, height - 20);
  context.restore();
}

/** Annotations: bad stretches red, events as lines, each with its label. */
function drawMarks(context, view, at, height, look) {
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, view.size[0] - LEFT, height - 20);
  context.clip();
  context.font = `10px ${look.font}`;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  (view.header.marks ?? []).forEach(([onset, seconds, label, bad], i) => {
    if (onset > view.start + view.span || onset + seconds < view.start) return;
    context.fillStyle = bad ? "#d0021b" : look.accent;
    context.globalAlpha = 0.15;
    if (seconds) context.fillRect(at(onset), 0, at(onset + seconds) - at(onset), height - 20);
    context.globalAlpha = 0.8;
    context.fillRect(at(onset), 0, 1, height - 20);
    context.fillText(label, at(onset) + 3, height - 22 - 11 * (i % 3));
  });
  context.restore();
}

function drawRows(context, view, at, row, microvolts, look) {
  const { header: { labels, rate, absent, invented, scales }, still: { samples }, start, span } = view;
  const count = samples.length / labels.length;
  const [first, last] = [Math.max(0, Math.floor(start * rate)), Math.min(count, Math.ceil((start + span) * rate) + 1)];
  const every = Math.max(1, Math.floor((last - first) / (4 * view.size[0])));
  context.font = `${Math.min(11, row)}px ${look.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 0.8;
  labels.forEach((label, i) => {
    if (view.butterfly) return;
    context.fillStyle = absent.includes(i) ? look.faint : look.text;
    context.fillText(label, LEFT - 6, (i + 0.5) * row);
  });
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, view.size[0] - LEFT, view.size[1] - 20);
  context.clip();
  labels.forEach((_, i) => {
    context.strokeStyle = absent.includes(i) ? look.faint : look.text;
    context.setLineDash(invented?.includes(i) ? [4, 3] : []);
    context.globalAlpha = view.butterfly ? 0.5 : 1;
    const size = view.own && scales?.[i] ? scales[i] / view.factor : microvolts;
    const middle = view.butterfly ? labels.length / 2 : i + 0.5;
    context.beginPath();
    let pen = false; // lifted where there is no number
    for (let t = first; t < last; t += every) {
      const value = samples[i * count + t];
      const y = (middle - value / size) * row;
      if (pen && !Number.isNaN(value)) context.lineTo(at(t / rate), y);
      else context.moveTo(at(t / rate), y);
      pen = !Number.isNaN(value);
    }
    context.stroke();
  });
  context.restore();
}

function drawClock(context, view, at, height, look) {
  const { start, span, header: { rest } } = view;
  context.font = `11px ${look.font}`;
  context.textBaseline = "bottom";
  context.textAlign = "center";
  context.fillStyle = look.faint;
  const step = span <= 10 ? 1 : span <= 20 ? 2 : 10;
  for (let second = Math.ceil(start / step) * step; second < start + span; second += step) {
    context.fillText(`${second} s`, Math.max(LEFT + 8, at(second)), height - 2);
  }
  if (!rest || start >= rest) return;
  const left = at(Math.max(start, 0)) + 4;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = look.background;
  context.fillRect(left - 2, 1, context.measureText("rest").width + 4, 14);
  context.fillStyle = look.text;
  context.fillText("rest", left, 2);
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildTraces);
  if (data) {
    receive(view, data, setStateValue);
    const { still } = view.header;
    if (view.stillId !== still) {
      whenStill(view, still, ({ arrays }) => {
        [view.stillId, view.still, view.start] = [still, arrays, 0];
        view.draw();
      });
    }
    view.draw();
    view.announce();
  }
  return () => destroy(view);
}
