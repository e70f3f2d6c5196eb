// What the live components share. Each is served as this file followed by its own, which default-exports the
// mount function. Data reach the page only as textContent or canvas text, never as HTML.

// ---- messages -------------------------------------------------------------------------------------------------

const TYPES = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };

/** The header and arrays that `xviz/views/payload.py` packed; arrays are copied, as the bytes may be unaligned. */
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const arrays = {};
  let start = 4 + length;
  for (const { name, type, size } of header.arrays) {
    start += (4 - (start % 4)) % 4;
    const end = start + size * TYPES[type].BYTES_PER_ELEMENT;
    arrays[name] = new TYPES[type](bytes.slice(start, end).buffer);
    start = end;
  }
  return { header, arrays };
}

// Pictures and geometries do not change from pick to pick. They come in a message of their own, which Streamlit does
// not send again, through an invisible component that leaves them here under their digest.
const STILLS = (window.xvizStills ??= new Map());

function keepStill(still) {
  const { id } = still.header;
  STILLS.delete(id);
  STILLS.set(id, still);
  while (STILLS.size > 8) STILLS.delete(STILLS.keys().next().value);
  window.dispatchEvent(new CustomEvent("xviz-still", { detail: id }));
}

/** Calls `use` with the still once it is there; a later wait of the same view replaces an earlier one. */
function whenStill(view, id, use) {
  view.stopWaiting?.();
  const found = STILLS.get(id);
  if (found) return use(found);
  const listener = (event) => {
    if (event.detail !== id) return;
    view.stopWaiting();
    use(STILLS.get(id));
  };
  window.addEventListener("xviz-still", listener);
  view.stopWaiting = () => window.removeEventListener("xviz-still", listener);
}

// A player tells the time, and drawings that share its name follow it. CLOCKS keeps it for drawings that come later.
const CLOCK = "xviz-clock";
const CLOCKS = (window.xvizClocks ??= new Map());

function tellClock(player, second) {
  CLOCKS.set(player, second);
  window.dispatchEvent(new CustomEvent(CLOCK, { detail: [player, second] }));
}

const clockOf = (player) => CLOCKS.get(player) ?? null;

// ---- the frame around every drawing ---------------------------------------------------------------------------

function element(tag, className, parent, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  parent?.append(node);
  return node;
}

/** The view living under this parent: made by `build` at the first call, found again at every later one. */
function viewOf(parent, build) {
  const root = parent.querySelector(".xv");
  if (root.xvizView) return root.xvizView;
  const view = { root, cursor: null, selected: null };
  view.title = element("div", "title", root);
  view.stage = element("div", "stage", root);
  view.stage.tabIndex = 0;
  view.below = element("div", "below", root);
  view.foot = element("div", "foot", root);
  makeBar(view);
  view.tools = element("div", "tools", view.foot);
  view.note = element("div", "note", root);
  view.say = element("div", "say", root);
  view.say.setAttribute("role", "status"); // implies aria-live="polite"
  view.say.setAttribute("aria-live", "polite");
  view.tip = element("div", "tip", root);
  view.tip.setAttribute("aria-hidden", "true"); // the status line says the same
  build(view);
  view.resizes = new ResizeObserver(() => view.draw?.());
  view.resizes.observe(root);
  root.xvizView = view;
  return view;
}

/** Takes a new message: keeps the visitor's selection unless the header names one, and redraws. */
function receive(view, data, setStateValue) {
  const { header, arrays } = unpack(data);
  Object.assign(view, { header, arrays });
  view.send = (token) => {
    // to Streamlit the same number twice is no change, and after another pick elsewhere it must be one: Python drops the half
    view.sent = Number.isInteger(token) && view.sent === token ? token + 0.5 : token;
    setStateValue("pick", view.sent);
  };
  if (header.selected < 0) view.selected = null; // taken away, because something else is picked elsewhere
  else if (header.selected !== null) view.selected = header.selected;
  view.stage.setAttribute("aria-label", header.alt);
  view.title.textContent = header.title;
  view.note.textContent = header.note ?? "";
  showBar(view);
  hideTip(view); // it spoke of the message before
  view.root.dataset.messages = 1 + Number(view.root.dataset.messages ?? 0); // read by the tests
}

/** Shows the token as picked at once, and tells Python; the answer comes as a new message. */
function choose(view, token) {
  view.selected = token;
  view.draw();
  view.announce();
  view.send(token);
}

function destroy(view) {
  view.resizes.disconnect();
  view.stopWaiting?.();
  view.release?.();
  view.root.replaceChildren();
  delete view.root.xvizView;
}

/** Keys every drawing answers to: `view.step(key, event)` moves the cursor and returns whether it knew the key. */
function listenKeys(view) {
  view.stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !view.header) return;
    if (event.key === "Enter" || event.key === " ") {
      if (view.cursor !== null) choose(view, view.cursor);
    } else if (event.key === "Escape") {
      if (view.selected === null) return;
      view.cursor = null;
      hideTip(view);
      choose(view, null);
    } else if (view.step(event.key, event)) {
      view.draw();
      view.announce();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  view.stage.addEventListener("blur", () => hideTip(view));
}

/** Arrow keys through the tokens from the strongest to the weakest: a `view.step`. */
function stepByScore(view, key) {
  const ranked = [...view.arrays.ranked];
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[key];
  if (!step || !ranked.length) return false;
  const from = ranked.indexOf(view.cursor ?? view.selected);
  view.cursor = from < 0 ? ranked[0] : ranked[Math.max(0, Math.min(ranked.length - 1, from + step))];
  return true;
}

/** A tick box among the tools for `view[name]`, which must be set before. */
function makeSwitch(view, name, text) {
  const label = element("label", "tool", view.tools);
  const box = element("input", "", label);
  Object.assign(box, { type: "checkbox", checked: view[name] });
  label.append(` ${text}`);
  box.addEventListener("change", () => {
    view[name] = box.checked;
    view.draw();
  });
}

function listenPointer(view, canvas, at) {
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || !view.header) return;
    point(view, at(event), event);
  });
  canvas.addEventListener("pointerleave", () => point(view, null));
}

/** Puts the cursor on a token under the mouse (null for none) and redraws if it moved. */
function point(view, token, event) {
  const moved = JSON.stringify(token) !== JSON.stringify(view.cursor);
  view.cursor = token;
  if (moved) {
    view.draw();
    view.announce();
  }
  if (token === null) hideTip(view);
  else showTip(view, view.describe(token), event.clientX, event.clientY);
}

// ---- text -----------------------------------------------------------------------------------------------------

/** A score as people read it: four digits, a true minus sign. */
function format(value) {
  if (value === undefined || Number.isNaN(value)) return "no value";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value === 0 ? "0" : value.toPrecision(4);
  return text.replaceAll("-", "−");
}

/** A score with what it measures, or the class that it is the number of; nothing where there are no scores. */
function worth(view, value) {
  const { scale } = view.header;
  if (!scale) return null;
  if (!scale.names) return `${format(value)} ${scale.name}`;
  return `${scale.name}: ${scale.names[value] ?? "none"}`;
}

/** What it is, what it is worth, and whatever else there is to say. */
function showTip(view, [name, worth, ...more], clientX, clientY) {
  const lines = [name, worth, more.filter(Boolean).join(" · ")];
  const box = view.root.getBoundingClientRect();
  view.tip.replaceChildren(...lines.filter(Boolean).map((line) => element("div", "", null, line)));
  view.tip.style.display = "block";
  const { offsetWidth: width, offsetHeight: height } = view.tip;
  const x = clientX - box.left + 14, y = clientY - box.top + 14;
  view.tip.style.left = `${Math.max(0, Math.min(x, box.width - width))}px`;
  view.tip.style.top = `${y + height > box.height ? Math.max(0, y - height - 28) : y}px`;
}

function hideTip(view) {
  view.tip.style.display = "none";
}

/** Says the token under the cursor, or the picked one, or how to begin; marks its score on the colour bar. */
function announceWith(view, hint, token = view.cursor ?? view.selected) {
  const picked = JSON.stringify(token) === JSON.stringify(view.selected);
  view.say.textContent = token === null ? hint : `${picked ? "Picked: " : ""}${view.describe(token).filter(Boolean).join(" · ")}`;
  view.say.classList.toggle("hint", token === null);
  markBar(view, token === null ? null : view.valueOf(token));
}

// ---- colour ---------------------------------------------------------------------------------------------------

/** Streamlit's colours as they are now; its theme changes without a reload. */
function theme(node) {
  const style = getComputedStyle(node);
  const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    text: read("--st-text-color", "#222"),
    background: read("--st-background-color", "#fff"),
    accent: read("--st-primary-color", "#d33"),
    font: read("--st-font", "sans-serif"),
    faint: getComputedStyle(node.querySelector(".note")).color,
  };
}

const cssColour = (lut, level) => `rgb(${lut[4 * level]} ${lut[4 * level + 1]} ${lut[4 * level + 2]})`;

/** Black or white, whichever has more contrast on this level's colour (WCAG relative luminance). */
function inkOn(lut, level) {
  const [r, g, b] = [0, 1, 2].map((i) => {
    const c = lut[4 * level + i] / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

function makeBar(view) {
  const bar = (view.bar = element("div", "bar", view.foot));
  bar.low = element("span", "limit", bar);
  const strip = element("span", "strip", bar);
  bar.canvas = element("canvas", "", strip);
  bar.mark = element("span", "mark", strip);
  bar.high = element("span", "limit", bar);
  bar.name = element("span", "name", bar);
  view.legend = element("div", "legend", view.foot);
}

function showBar(view) {
  const { bar, header: { scale }, arrays: { lut } } = view;
  bar.style.display = scale && !scale.names ? "" : "none";
  showLegend(view);
  if (!scale || scale.names) return;
  bar.low.textContent = scale.lowText;
  bar.high.textContent = scale.highText;
  bar.name.textContent = scale.name + (scale.clipped ? ` · ${scale.clipped} outside these limits` : "");
  bar.canvas.width = 255;
  bar.canvas.height = 1;
  bar.canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(lut.slice(4)), 255, 1), 0, 0);
}

/** A button for each class that is there; one pressed leaves only its class coloured, `view.only`. */
function showLegend(view) {
  const { legend, header: { scale }, arrays: { lut } } = view;
  const names = scale?.names ?? [];
  if (!names[view.only]) view.only = null;
  legend.style.display = names.length ? "" : "none";
  if (legend.shown === JSON.stringify(scale)) return;
  legend.shown = JSON.stringify(scale);
  legend.replaceChildren();
  names.forEach((name, index) => {
    if (!scale.counts[index]) return;
    const chip = element("button", "tool swatch", legend);
    element("i", "", chip).style.background = cssColour(lut, index + 1);
    chip.append(name);
    const press = () => [...legend.children].forEach((other) => other.setAttribute("aria-pressed", other === chip && view.only === index));
    chip.addEventListener("click", () => {
      view.only = view.only === index ? null : index;
      press();
      view.recolour?.();
      view.draw();
    });
    chip.setAttribute("aria-pressed", view.only === index);
  });
}

function markBar(view, value) {
  const { bar, header: { scale } } = view;
  const shown = Boolean(scale) && !scale.names && value !== null && value !== undefined && !Number.isNaN(value);
  bar.mark.style.display = shown ? "" : "none";
  if (shown) bar.mark.style.left = `${100 * Math.min(1, Math.max(0, (value - scale.low) / (scale.high - scale.low)))}%`;
}

// ---- canvas ---------------------------------------------------------------------------------------------------

/** A cleared 2D context in CSS pixels, as sharp as the screen. */
function sharpContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const w = Math.max(1, Math.round(width * ratio)), h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  canvas.style.width = `${w / ratio}px`;
  canvas.style.height = `${h / ratio}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** An outline seen on every colour: a dark and a light line under the coloured one. */
function outline(context, x, y, width, height, colour, thick = 2) {
  context.lineJoin = "miter";
  for (const [style, line] of [["rgb(0 0 0 / 0.75)", thick + 3], ["#fff", thick + 1.5], [colour, thick]]) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.strokeRect(x, y, width, height);
  }
}

/** Text cut with an ellipsis to fit a width. */
function fitText(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}
