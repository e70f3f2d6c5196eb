// Colours, colour bars and legends, and how to draw sharply on a canvas. Follows message.js, precedes common.js.

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
  const shown = Boolean(scale) && !scale.names && !scale.own && value !== null && value !== undefined && !Number.isNaN(value);
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

/** Text cut in its middle to fit a width. */
function fitEnds(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let kept = text.length - 1;
  const cut = () => `${text.slice(0, Math.floor(kept / 2))}…${text.slice(text.length - Math.ceil(kept / 2))}`;
  while (kept > 2 && context.measureText(cut()).width > width) kept -= 1;
  return cut();
}

/** Text cut with an ellipsis to fit a width. */
function fitText(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}
