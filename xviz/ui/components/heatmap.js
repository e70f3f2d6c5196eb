// A matrix on a canvas: every cell hovered, walked and picked. Follows common.js.

const FONT_SIZE = 11;
const HINT = "Hover to read, click to pick. Keys: arrows move, Enter picks, Esc clears.";

function buildHeatmap(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "matrix");
  view.canvas = element("canvas", "", view.stage);
  view.cells = document.createElement("canvas"); // one pixel per cell
  view.draw = () => drawHeatmap(view);
  view.announce = () => announceWith(view, HINT);
  view.valueOf = ([row, column]) => view.arrays.value[row * view.header.columns + column];
  view.describe = (cell) => {
    const { rowLabels, columnLabels, axes, scale } = view.header;
    return [`${axes[0]} ${rowLabels[cell[0]]}`, `${axes[1]} ${columnLabels[cell[1]]}`, `${format(view.valueOf(cell))} ${scale.name}`];
  };
  view.step = (key, event) => stepCell(view, key, event);
  listenKeys(view);
  listenPointer(view, view.canvas, (event) => cellAt(view, event));
  view.canvas.addEventListener("click", (event) => {
    const cell = cellAt(view, event);
    if (cell) choose(view, (view.cursor = cell));
  });
}

function stepCell(view, key, event) {
  const { rows, columns } = view.header;
  if (!rows || !columns) return false;
  const far = event.shiftKey ? 10 : 1;
  const moves = { ArrowUp: [-far, 0], ArrowDown: [far, 0], ArrowLeft: [0, -far], ArrowRight: [0, far], Home: [0, -columns], End: [0, columns] };
  if (!(key in moves)) return false;
  const from = view.cursor ?? view.selected;
  const keep = (i, n) => Math.max(0, Math.min(n - 1, i));
  view.cursor = from === null ? [0, 0] : [keep(from[0] + moves[key][0], rows), keep(from[1] + moves[key][1], columns)];
  return true;
}

function cellAt(view, event) {
  const box = view.canvas.getBoundingClientRect();
  const { left, top, cellWidth, cellHeight } = view.layout ?? {};
  const column = Math.floor((event.clientX - box.left - left) / cellWidth);
  const row = Math.floor((event.clientY - box.top - top) / cellHeight);
  return row >= 0 && column >= 0 && row < view.header.rows && column < view.header.columns ? [row, column] : null;
}

// ---- layout: labels where there is room, cells a whole number of device pixels where they can be ----------------

function layOut(view, context) {
  const { header } = view;
  const width = view.stage.clientWidth;
  const widest = (labels) => labels.reduce((most, label) => Math.max(most, context.measureText(label).width), 0);
  const left = Math.min(Math.ceil(widest(header.rowLabels)) + 8, width * (width < 500 ? 0.24 : 0.3), 160);
  const columnWidth = 1.1 * widest(header.columnLabels); // the picked one is bold
  const room = (width - left - 2) / header.columns;
  const tall = (top) => Math.min((header.height - top - 2) / header.rows, 44);
  // a matrix may be stretched, but not beyond recognition; few columns may be broad
  const broad = (top) => Math.min(room, 96, Math.max(2 * tall(top), 320 / header.columns));
  const flat = columnWidth + 8 <= broad(FONT_SIZE + 8);
  const top = flat ? FONT_SIZE + 8 : Math.min(Math.ceil(columnWidth) + 8, 110);
  const cellWidth = broad(top);
  let cellHeight = tall(top);
  cellHeight = Math.min(cellHeight, 2 * cellWidth);
  return { width, left: Math.round(left), top, flat, cellWidth: whole(cellWidth), cellHeight: whole(cellHeight) };
}

function whole(size) {
  const ratio = window.devicePixelRatio || 1;
  return size * ratio >= 3 ? Math.floor(size * ratio) / ratio : size;
}

/** The levels as a picture of at most `most` pixels a side; where cells are dropped the strongest of each is kept. */
function paintCells(view, wide, tall) {
  const { header: { rows, columns, scale }, arrays: { level, lut }, cells } = view;
  const [w, h] = [Math.max(1, Math.min(columns, wide)), Math.max(1, Math.min(rows, tall))];
  const image = new ImageData(w, h);
  const pixels = new Uint32Array(image.data.buffer), colours = new Uint32Array(lut.buffer);
  const strength = scale.diverging ? (q) => (q ? Math.abs(q - 128) : -1) : (q) => q;
  for (let y = 0; y < h; y += 1) {
    const [r0, r1] = [Math.floor((y * rows) / h), Math.floor(((y + 1) * rows) / h)];
    for (let x = 0; x < w; x += 1) {
      const [c0, c1] = [Math.floor((x * columns) / w), Math.floor(((x + 1) * columns) / w)];
      let best = level[r0 * columns + c0];
      for (let r = r0; r < r1; r += 1) {
        for (let c = c0; c < c1; c += 1) {
          if (strength(level[r * columns + c]) > strength(best)) best = level[r * columns + c];
        }
      }
      pixels[y * w + x] = colours[best];
    }
  }
  [cells.width, cells.height] = [w, h];
  cells.getContext("2d").putImageData(image, 0, 0);
}

// ---- drawing --------------------------------------------------------------------------------------------------

function drawHeatmap(view) {
  const { header, canvas } = view;
  if (!header || !view.stage.clientWidth || !header.rows || !header.columns) return;
  const look = theme(view.root);
  const font = (weight) => `${weight} ${FONT_SIZE}px ${look.font}`;
  const ruler = canvas.getContext("2d");
  ruler.font = font(400);
  const at = (view.layout = layOut(view, ruler));
  const [w, h] = [at.cellWidth * header.columns, at.cellHeight * header.rows];
  const context = sharpContext(canvas, at.left + w + 2, at.top + h + 2);

  const ratio = window.devicePixelRatio || 1;
  const wanted = [view.arrays.level, Math.round(w * ratio), Math.round(h * ratio)];
  if (!view.painted || wanted.some((value, i) => value !== view.painted[i])) paintCells(view, wanted[1], wanted[2]);
  view.painted = wanted;
  const reduced = view.cells.width < header.columns || view.cells.height < header.rows;
  view.note.textContent = [header.note, reduced ? "More cells than pixels: each pixel shows its strongest cell." : ""].join(" ").trim();
  context.imageSmoothingEnabled = false;
  context.drawImage(view.cells, at.left, at.top, w, h);

  drawGaps(context, header, at, look);
  drawDividers(context, header, at, look);
  drawCross(context, view, at, look);
  drawLabels(context, view, at, look, font);
}

/** Hairlines between large cells, in the page's colour. */
function drawGaps(context, header, at, look) {
  if (Math.min(at.cellWidth, at.cellHeight) < 12) return;
  context.fillStyle = look.background;
  for (let row = 1; row < header.rows; row += 1) context.fillRect(at.left, at.top + row * at.cellHeight - 0.5, header.columns * at.cellWidth, 1);
  for (let column = 1; column < header.columns; column += 1) context.fillRect(at.left + column * at.cellWidth - 0.5, at.top, 1, header.rows * at.cellHeight);
}

function drawDividers(context, header, at, look) {
  const [w, h] = [at.cellWidth * header.columns, at.cellHeight * header.rows];
  const line = (x, y, width, height) => {
    context.fillStyle = look.background;
    context.fillRect(x - 1.5, y - 1.5, width + 3, height + 3);
    context.fillStyle = look.text;
    context.fillRect(x - 0.5, y - 0.5, width + 1, height + 1);
  };
  for (const row of header.dividers[0]) line(at.left - 6, at.top + row * at.cellHeight, w + 6, 0);
  for (const column of header.dividers[1]) line(at.left + column * at.cellWidth, at.top - 6, 0, h + 6);
}

/** The picked cell with its row and column, and the cell under the cursor. */
function drawCross(context, view, at, look) {
  const { header, selected, cursor } = view;
  const [w, h] = [at.cellWidth * header.columns, at.cellHeight * header.rows];
  const box = ([row, column]) => [at.left + column * at.cellWidth, at.top + row * at.cellHeight, at.cellWidth, at.cellHeight];
  if (selected && selected[0] < header.rows && selected[1] < header.columns) {
    const [x, y, cw, ch] = box(selected);
    for (const [style, thick] of [["rgb(0 0 0 / 0.55)", 2.5], ["rgb(255 255 255 / 0.95)", 1.25]]) {
      context.strokeStyle = style;
      context.lineWidth = thick;
      context.strokeRect(at.left, y, w, ch);
      context.strokeRect(x, at.top, cw, h);
    }
    outline(context, ...grown(x, y, cw, ch), look.accent, 2);
  }
  if (cursor && cursor[0] < header.rows && cursor[1] < header.columns) outline(context, ...grown(...box(cursor)), look.text, 1);
}

/** A box large enough to be seen around cells of a pixel or two. */
function grown(x, y, w, h, least = 7) {
  const [dx, dy] = [Math.max(0, least - w) / 2, Math.max(0, least - h) / 2];
  return [x - dx, y - dy, w + 2 * dx, h + 2 * dy];
}

function drawLabels(context, view, at, look, font) {
  const { header, selected, cursor } = view;
  const marked = (axis) => new Set([selected?.[axis], cursor?.[axis]]);
  context.textBaseline = "middle";
  const write = (labels, size, axis, place) => {
    const shown = marked(axis);
    const every = Math.max(1, Math.ceil((FONT_SIZE + 2) / size));
    labels.forEach((label, i) => {
      const crowded = !shown.has(i) && [...shown].some((j) => j !== undefined && Math.abs(i - j) * size < FONT_SIZE + 2);
      if (!shown.has(i) && (i % every || crowded)) return;
      context.font = font(shown.has(i) ? 700 : 400);
      context.fillStyle = shown.has(i) ? look.text : look.faint;
      place(label, (i + 0.5) * size);
    });
  };
  context.textAlign = "right";
  write(header.rowLabels, at.cellHeight, 0, (label, middle) => context.fillText(fitText(context, label, at.left - 8), at.left - 6, at.top + middle));
  const upright = !at.flat;
  context.textAlign = upright ? "left" : "center";
  write(header.columnLabels, upright ? at.cellWidth : Math.max(at.cellWidth, FONT_SIZE + 2), 1, (label, middle) => {
    context.save();
    context.translate(at.left + middle, at.top - (upright ? 6 : 9));
    if (upright) context.rotate(-Math.PI / 2);
    context.fillText(fitText(context, label, upright ? at.top - 8 : at.cellWidth - 2), 0, 0);
    context.restore();
  });
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

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildHeatmap);
  if (data) take(view, data, setStateValue, () => {
    showBlocks(view);
    view.draw();
    view.announce();
  });
  return () => destroy(view);
}
