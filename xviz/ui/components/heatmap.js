// A matrix on a canvas: every cell hovered, walked and picked. Follows common.js, exact.js, cells.js and zoom.js.

const FONT_SIZE = 11;
const HINT = "Hover to read, click to pick. Keys: arrows move, Enter picks, Esc clears.";
const CLOSER = "Hover to read, click to pick. Drag a rectangle to zoom, then drag to move; scroll to zoom once clicked. Keys: arrows move, + and − zoom, 0 shows all, Enter picks, Esc clears.";

function buildHeatmap(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "matrix");
  view.canvas = element("canvas", "", view.stage);
  view.cells = document.createElement("canvas"); // one pixel per cell
  view.sharp = document.createElement("canvas"); // the same of an exact part
  view.draw = () => drawHeatmap(view);
  view.announce = () => view.matrix && announceWith(view, view.layout && canZoom(view) ? CLOSER : HINT, shownToken(view));
  view.valueOf = (cell) => valueOfCell(view, cell);
  view.describe = (cell) => describeCell(view, cell);
  view.cellAt = (event) => cellAt(view, event);
  view.step = (key, event) => Boolean(view.matrix && view.layout) && (zoomKey(view, key) || stepCell(view, key, event));
  makeZoomTools(view);
  listenKeys(view);
  listenPointer(view, view.canvas, view.cellAt);
  listenZoom(view);
  view.canvas.addEventListener("click", (event) => {
    const cell = view.dragged ? null : cellAt(view, event);
    view.dragged = false;
    if (cell) choose(view, (view.cursor = cell));
  });
  const came = ({ detail }) => view.matrix && detail === view.matrix.id && (view.draw(), view.announce());
  window.addEventListener("xviz-part", came);
  view.release = () => {
    window.removeEventListener("xviz-part", came);
    clearTimeout(view.asking);
  };
}

const isThere = ({ matrix }, cell) => cell && cell[0] < matrix.rows && cell[1] < matrix.columns;

/** The cell to speak of; a pick may be left over from a larger matrix. */
const shownToken = (view) => [view.cursor, view.selected].find((cell) => isThere(view, cell)) ?? null;

/** Arrows go from cell to cell, from afar from block to block. */
function stepCell(view, key, event) {
  const { rows, columns, tall, wide } = view.matrix;
  if (!rows || !columns) return false;
  const far = event.shiftKey ? 10 : 1;
  const moves = { ArrowUp: [-far, 0], ArrowDown: [far, 0], ArrowLeft: [0, -far], ArrowRight: [0, far], Home: [0, -columns], End: [0, columns] };
  if (!(key in moves)) return false;
  const from = shownToken(view), blocked = isPooled(view) && !isClose(view);
  const keep = (i, n) => Math.max(0, Math.min(n - 1, i));
  if (from === null) view.cursor = seenCells(view).filter((_, i) => i % 2 === 0);
  else view.cursor = [keep(from[0] + moves[key][0] * (blocked ? tall : 1), rows), keep(from[1] + moves[key][1] * (blocked ? wide : 1), columns)];
  if (blocked) view.cursor = strongestOf(view, ...blockOf(view, view.cursor));
  follow(view, view.cursor);
  return true;
}

/** The cell under the mouse; of a block the strongest one. */
function cellAt(view, event) {
  if (!view.layout || !view.matrix || view.drag?.moved) return null;
  const [across, down] = shareOf(view, event), [r0, r1, c0, c1] = windowOf(view);
  const cell = [Math.floor(r0 + down * (r1 - r0)), Math.floor(c0 + across * (c1 - c0))];
  if (across < 0 || down < 0 || across >= 1 || down >= 1 || !isThere(view, cell)) return null;
  return isBlocked(view, cell) ? strongestOf(view, ...blockOf(view, cell)) : cell;
}

// ---- layout: labels where there is room, cells a whole number of device pixels where they can be ----------------

/** Where the labels end and cells begin; a window has the place and size of the whole. */
function layOut(view, context) {
  const { header, matrix } = view;
  const width = view.stage.clientWidth;
  const left = Math.min(Math.ceil(widest(view, context, matrix.rowLabels)) + 8, width * (width < 500 ? 0.24 : 0.3), 160);
  const columnWidth = 1.1 * widest(view, context, matrix.columnLabels); // the picked one is bold
  const room = (width - left - 2) / matrix.broad;
  const tall = (top) => Math.min((header.height - top - 2) / matrix.high, 44);
  // a matrix may be stretched, but not beyond recognition; few columns may be broad
  const broad = (top) => Math.min(room, 96, Math.max(2 * tall(top), 320 / matrix.broad));
  const flat = columnWidth + 8 <= broad(FONT_SIZE + 8);
  const top = flat ? FONT_SIZE + 8 : Math.min(Math.ceil(columnWidth) + 8, 110);
  const cellWidth = broad(top);
  const cellHeight = Math.min(tall(top), Math.max(2 * cellWidth, isPooled(view) ? 320 / matrix.high : 0)); // few rows of thousands may be tall
  const all = { width: (whole(cellWidth) / matrix.wide) * matrix.columns, height: (whole(cellHeight) / matrix.tall) * matrix.rows };
  const [r0, r1, c0, c1] = windowOf(view);
  return { ...all, left: Math.round(left), top, flat, cellWidth: all.width / (c1 - c0), cellHeight: all.height / (r1 - r0), row: r0, column: c0 };
}

/** How wide the longest label is; measured once for all of them. */
function widest(view, context, labels) {
  const known = (view.widths ??= new Map()), key = context.font;
  if (known.get(labels)?.[0] !== key) known.set(labels, [key, labels.reduce((most, label) => Math.max(most, context.measureText(label).width), 0)]);
  while (known.size > 2) known.delete(known.keys().next().value);
  return known.get(labels)[1];
}

function whole(size) {
  const ratio = window.devicePixelRatio || 1;
  return size * ratio >= 3 ? Math.floor(size * ratio) / ratio : size;
}

// ---- drawing --------------------------------------------------------------------------------------------------

function drawHeatmap(view) {
  const { header, canvas, matrix } = view;
  if (!header || !matrix || !view.stage.clientWidth || !matrix.rows || !matrix.columns) return;
  const look = theme(view.root);
  const font = (weight) => `${weight} ${FONT_SIZE}px ${look.font}`;
  const ruler = canvas.getContext("2d");
  ruler.font = font(400);
  const at = (view.layout = layOut(view, ruler));
  const context = sharpContext(canvas, at.left + at.width + 2, at.top + at.height + 2);

  const dropped = drawCells(view, context, at);
  view.note.textContent = [header.note, inView(view), dropped ? "More cells than pixels: each pixel shows its strongest cell." : ""].filter(Boolean).join(" ");
  drawGaps(context, view, at, look);
  drawDividers(context, view, at, look);
  drawCross(context, view, at, look);
  drawBox(view, context, at, look);
  drawLabels(context, view, at, look, font);
  showZoomTools(view);
  askForPart(view);
}

/** Which rows and columns are in view, and whether their values are exact. */
function inView(view) {
  const { header: { axes, parts }, matrix } = view, [r0, r1, c0, c1] = seenCells(view), words = [];
  if (view.window) words.push(`In view: ${axes[0]} ${matrix.rowLabels[r0]} … ${matrix.rowLabels[r1 - 1]}, ${axes[1]} ${matrix.columnLabels[c0]} … ${matrix.columnLabels[c1 - 1]}.`);
  if (!isPooled(view)) return words.join(" ");
  if (!parts) words.push("Values of single cells are not in this page; zooming enlarges the pooled ones.");
  else if (partInView(view)) words.push("Exact values of single cells.");
  else words.push(isClose(view) ? "Exact values are coming." : `Zoom in${view.window ? " further" : ""} for exact values of single cells.`);
  return words.join(" ");
}

/** Where cells lie on the canvas. */
const xOf = (at, column) => at.left + (column - at.column) * at.cellWidth;
const yOf = (at, row) => at.top + (row - at.row) * at.cellHeight;

/** Hairlines between large cells, in the page's colour. */
function drawGaps(context, view, at, look) {
  if (Math.min(at.cellWidth, at.cellHeight) < 12) return;
  const [r0, r1, c0, c1] = seenCells(view);
  context.fillStyle = look.background;
  for (let row = r0 + 1; row < r1; row += 1) context.fillRect(at.left, yOf(at, row) - 0.5, at.width, 1);
  for (let column = c0 + 1; column < c1; column += 1) context.fillRect(xOf(at, column) - 0.5, at.top, 1, at.height);
}

function drawDividers(context, { header }, at, look) {
  const line = (x, y, width, height) => {
    context.fillStyle = look.background;
    context.fillRect(x - 1.5, y - 1.5, width + 3, height + 3);
    context.fillStyle = look.text;
    context.fillRect(x - 0.5, y - 0.5, width + 1, height + 1);
  };
  const within = (place, from, size) => place >= from && place <= from + size;
  for (const row of header.dividers[0]) if (within(yOf(at, row), at.top, at.height)) line(at.left - 6, yOf(at, row), at.width + 6, 0);
  for (const column of header.dividers[1]) if (within(xOf(at, column), at.left, at.width)) line(xOf(at, column), at.top - 6, 0, at.height + 6);
}

/** The picked cell with its row and column, and the cell under the cursor; of a block all of it. */
function drawCross(context, view, at, look) {
  const { selected, cursor, matrix } = view;
  const box = ([row, column]) => [xOf(at, column), yOf(at, row), at.cellWidth, at.cellHeight];
  const block = ([high, broad]) => [xOf(at, broad * matrix.wide), yOf(at, high * matrix.tall), matrix.wide * at.cellWidth, matrix.tall * at.cellHeight];
  context.save();
  context.beginPath();
  context.rect(at.left - 4, at.top - 4, at.width + 8, at.height + 8);
  context.clip();
  if (isThere(view, selected)) {
    const [x, y, cw, ch] = box(selected);
    for (const [style, thick] of [["rgb(0 0 0 / 0.55)", 2.5], ["rgb(255 255 255 / 0.95)", 1.25]]) {
      context.strokeStyle = style;
      context.lineWidth = thick;
      if (y > at.top - ch && y < at.top + at.height) context.strokeRect(at.left, y, at.width, ch);
      if (x > at.left - cw && x < at.left + at.width) context.strokeRect(x, at.top, cw, at.height);
    }
    outline(context, ...grown(x, y, cw, ch), look.accent, 2);
  }
  if (isThere(view, cursor)) outline(context, ...grown(...(isBlocked(view, cursor) ? block(blockOf(view, cursor)) : box(cursor))), look.text, 1);
  context.restore();
}

/** A box large enough to be seen around cells of a pixel or two. */
function grown(x, y, w, h, least = 7) {
  const [dx, dy] = [Math.max(0, least - w) / 2, Math.max(0, least - h) / 2];
  return [x - dx, y - dy, w + 2 * dx, h + 2 * dy];
}

/** Names of rows and columns in view, as many as fit; those of the picked cell and under the cursor before others. */
function drawLabels(context, view, at, look, font) {
  const { matrix, selected, cursor } = view, seen = seenCells(view);
  context.textBaseline = "middle";
  const write = (labels, size, axis, place) => {
    const [own, picked] = [cursor?.[axis], selected?.[axis]];
    const shown = new Set(own !== undefined && Math.abs(own - picked) * size < FONT_SIZE + 2 ? [own] : [own, picked]);
    const every = rounded((FONT_SIZE + 2) / size);
    const [from, to] = seen.slice(2 * axis, 2 * axis + 2), edges = windowOf(view).slice(2 * axis, 2 * axis + 2);
    const say = (i) => {
      if (i + 0.5 < edges[0] || i + 0.5 > edges[1]) return; // its middle is out of view
      context.font = font(shown.has(i) ? 700 : 400);
      context.fillStyle = shown.has(i) ? look.text : look.faint;
      place(labels[i], i + 0.5);
    };
    for (let i = Math.ceil(from / every) * every; i < to; i += every) {
      const crowded = [...shown].some((j) => j !== undefined && Math.abs(i - j) * size < FONT_SIZE + 2);
      if (!crowded) say(i);
    }
    [...shown].filter((j) => j !== undefined && j >= from && j < to).forEach(say);
  };
  context.textAlign = "right";
  const fitted = isPooled(view) ? fitEnds : fitText; // thousands of names often begin alike
  write(matrix.rowLabels, at.cellHeight, 0, (label, middle) => context.fillText(fitted(context, label, at.left - 8), at.left - 6, yOf(at, middle)));
  const upright = !at.flat;
  context.textAlign = upright ? "left" : "center";
  write(matrix.columnLabels, upright ? at.cellWidth : Math.max(at.cellWidth, FONT_SIZE + 2), 1, (label, middle) => {
    context.save();
    context.translate(xOf(at, middle), at.top - (upright ? 6 : 9));
    if (upright) context.rotate(-Math.PI / 2);
    context.fillText(fitted(context, label, upright ? at.top - 8 : at.cellWidth - 2), 0, 0);
    context.restore();
  });
}

/** How many names to go on by: as few as fit, of many a round number. */
function rounded(least) {
  const count = Math.max(1, Math.ceil(least)), ten = 10 ** Math.floor(Math.log10(count));
  return count < 10 ? count : [1, 2, 5, 10].map((times) => times * ten).find((step) => step >= count);
}

/** Name and mass of each block, beside a small sign of where the block lies. */
function showBlocks(view) {
  const { blocks } = view.header;
  view.below.replaceChildren();
  blocks.forEach((line, r) => line.forEach(({ label, mass }, c) => {
    const item = element("span", "block", view.below);
    const sign = element("span", "sign", item);
    sign.style.gridTemplateColumns = `repeat(${line.length}, 1fr)`;
    blocks.forEach((_, i) => line.forEach((__, j) => element("i", i === r && j === c ? "on" : "", sign)));
    element("span", "", item, label);
    element("b", "", item, mass);
  }));
  if (blocks.length) element("span", "block faint", view.below, "mean mass per row");
}

/** What is drawn has come; the window stays where the matrix has the same rows and columns. */
function useMatrix(view, still) {
  const before = view.matrix ?? view.before, matrix = matrixOf(view, still);
  if (before?.rows !== matrix.rows || before?.columns !== matrix.columns) view.window = null;
  view.matrix = matrix;
  view.root.dataset.matrix = matrix.id ?? ""; // read by the tests
  view.draw();
  view.announce();
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildHeatmap);
  if (data) take(view, data, setStateValue, () => {
    const { still } = view.header;
    showBlocks(view);
    if (still && view.matrix?.id !== still) {
      [view.before, view.matrix, view.cursor] = [view.matrix ?? view.before, null, null];
      whenStill(view, still, (found) => useMatrix(view, found));
    } else if (still) {
      view.draw();
      view.announce();
    } else useMatrix(view, null);
  });
  return () => destroy(view);
}
