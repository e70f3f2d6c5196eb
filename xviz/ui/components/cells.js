// The cells of a matrix: of a large one an overview, in which a cell is the strongest of a block, and an exact part over it.
// Cells are named by row and column of the whole matrix, however it is drawn. Follows common.js and exact.js.

const PART = 1024; // rows and columns of a part at most, as `drawings/overview.py` has it
const LEAST_PART = 256;
const BLOCK = 3; // CSS pixels of a block from which on its exact cells are asked for
const REST = 150; // milliseconds that a view must rest before it asks
const PATIENCE = 10000; // milliseconds after which what did not come may be asked for again

/** What is drawn, from the message itself or from the overview that was sent once. */
function matrixOf({ header, arrays }, still) {
  const { rows, columns, rowLabels, columnLabels, tall = 1, wide = 1, id = null } = still?.header ?? header;
  const { level, value, which = null } = still?.arrays ?? arrays;
  return { id, rows, columns, rowLabels, columnLabels, tall, wide, level, value, which, broad: Math.ceil(columns / wide), high: Math.ceil(rows / tall) };
}

const isPooled = ({ matrix }) => matrix.tall * matrix.wide > 1;

/** The part that came, if it has this cell. */
function partWith({ matrix }, [row, column]) {
  const message = matrix.id === null ? null : PARTS.get(matrix.id);
  return message && covers(message.header.part, [row, row + 1, column, column + 1]) ? message : null;
}

/** Whether exact cells are drawn where a part has them: blocks are seen apart, and a part can have all of them. */
function isClose(view) {
  const { matrix, layout: at } = view, [r0, r1, c0, c1] = seenCells(view);
  return isPooled(view) && Boolean(at) && r1 - r0 <= PART && c1 - c0 <= PART && Math.max(matrix.tall * at.cellHeight, matrix.wide * at.cellWidth) >= BLOCK;
}

/** Whether this cell is drawn as one of a block. */
const isBlocked = (view, cell) => isPooled(view) && !(isClose(view) && partWith(view, cell));

/** The strongest cell of a block. */
function strongestOf({ matrix }, high, broad) {
  const place = matrix.which[high * matrix.broad + broad];
  return [high * matrix.tall + Math.floor(place / matrix.wide), broad * matrix.wide + (place % matrix.wide)];
}

const blockOf = ({ matrix }, [row, column]) => [Math.floor(row / matrix.tall), Math.floor(column / matrix.wide)];

function valueOfCell(view, cell) {
  const { matrix } = view, message = partWith(view, cell);
  if (!message) return matrix.value[blockOf(view, cell)[0] * matrix.broad + blockOf(view, cell)[1]];
  const [top, , left, right] = message.header.part;
  return message.arrays.value[(cell[0] - top) * (right - left) + cell[1] - left];
}

/** Row, column and value; of a cell that stands for a block, that it does. */
function describeCell(view, cell) {
  const { matrix, header: { axes, scale } } = view, [high, broad] = blockOf(view, cell);
  const words = [`${axes[0]} ${matrix.rowLabels[cell[0]]}`, `${axes[1]} ${matrix.columnLabels[cell[1]]}`, `${format(valueOfCell(view, cell))} ${scale.name}`];
  if (!isPooled(view) || (!isBlocked(view, cell) && partWith(view, cell))) return words;
  const own = JSON.stringify(strongestOf(view, high, broad)) === JSON.stringify(cell);
  if (!own && partWith(view, cell)) return words; // read in a part before
  const count = [Math.min(matrix.tall, matrix.rows - high * matrix.tall), Math.min(matrix.wide, matrix.columns - broad * matrix.wide)];
  return [...words, own ? `strongest of ${count.join(" × ")}` : `that is the strongest of the ${count.join(" × ")} around it`];
}

/** Asks for the exact cells in view, and some around them, once the view rests; not for what is there or on its way. */
function askForPart(view) {
  const { matrix, header } = view, seen = seenCells(view), wanted = WANTED.get(matrix.id), now = JSON.stringify([matrix.id, ...seen]);
  const due = wanted && performance.now() - wanted.time < PATIENCE && covers(wanted.part, seen);
  if (!header.parts || !isClose(view) || partInView(view) || due) {
    clearTimeout(view.asking);
    view.resting = null;
    return;
  }
  if (view.resting === now) return;
  view.resting = now;
  clearTimeout(view.asking);
  view.asking = setTimeout(() => {
    view.resting = null;
    wantPart(matrix.id, [...around(seen[0], seen[1], matrix.rows), ...around(seen[2], seen[3], matrix.columns)]);
  }, REST);
}

/** Twice as many cells as from one to another, where there are so many and a part may have them. */
function around(from, to, all) {
  const size = Math.min(all, PART, Math.max(LEAST_PART, 2 * (to - from)));
  const first = Math.max(0, Math.min(all - size, Math.floor((from + to - size) / 2)));
  return [first, first + size];
}

/** The part that has every cell in view. */
function partInView(view) {
  const message = PARTS.get(view.matrix.id);
  return isClose(view) && message && covers(message.header.part, seenCells(view)) ? message : null;
}

// ---- painting -------------------------------------------------------------------------------------------------

/** The overview, and the exact part over it, as far as they are in view; whether cells were dropped for want of pixels. */
function drawCells(view, context, at) {
  const { matrix } = view, part = isClose(view) ? PARTS.get(matrix.id) : null;
  context.save();
  context.beginPath();
  context.rect(at.left, at.top, at.width, at.height);
  context.clip();
  context.imageSmoothingEnabled = false;
  let dropped = false;
  if (!partInView(view)) {
    const { tall, wide, level, broad, high } = matrix;
    dropped = drawLayer(view, context, at, view.cells, { level, top: 0, left: 0, tall, wide, rows: high, columns: broad });
  }
  if (part) {
    const [top, bottom, left, right] = part.header.part;
    dropped = drawLayer(view, context, at, view.sharp, { level: part.arrays.level, top, left, tall: 1, wide: 1, rows: bottom - top, columns: right - left }) || dropped;
  }
  context.restore();
  return dropped;
}

function drawLayer(view, context, at, canvas, layer) {
  const [r0, r1, c0, c1] = windowOf(view), ratio = window.devicePixelRatio || 1;
  const a = Math.max(0, Math.floor((r0 - layer.top) / layer.tall)), b = Math.min(layer.rows, Math.ceil((r1 - layer.top) / layer.tall));
  const c = Math.max(0, Math.floor((c0 - layer.left) / layer.wide)), d = Math.min(layer.columns, Math.ceil((c1 - layer.left) / layer.wide));
  if (a >= b || c >= d) return false;
  const w = (d - c) * layer.wide * at.cellWidth, h = (b - a) * layer.tall * at.cellHeight;
  const wanted = [layer.level, view.arrays.lut, a, b, c, d, Math.round(w * ratio), Math.round(h * ratio)];
  if (!canvas.painted || wanted.some((value, i) => value !== canvas.painted[i])) paintCells(view, canvas, layer, wanted.slice(2));
  canvas.painted = wanted;
  const [x, y] = [at.left + (layer.left + c * layer.wide - c0) * at.cellWidth, at.top + (layer.top + a * layer.tall - r0) * at.cellHeight];
  context.clearRect(x, y, w, h); // cells without a value are transparent
  context.drawImage(canvas, x, y, w, h);
  return canvas.width < d - c || canvas.height < b - a;
}

/** Levels as a picture of at most so many pixels a side; where cells are dropped the strongest of each is kept. */
function paintCells(view, canvas, { level, columns }, [a, b, c, d, wide, tall]) {
  const { header: { scale }, arrays: { lut } } = view;
  const [w, h] = [Math.max(1, Math.min(d - c, wide)), Math.max(1, Math.min(b - a, tall))];
  const image = new ImageData(w, h);
  const pixels = new Uint32Array(image.data.buffer), colours = new Uint32Array(lut.buffer);
  const strength = scale.diverging ? (q) => (q ? Math.abs(q - 128) : -1) : (q) => q;
  for (let y = 0; y < h; y += 1) {
    const [r0, r1] = [a + Math.floor((y * (b - a)) / h), a + Math.floor(((y + 1) * (b - a)) / h)];
    for (let x = 0; x < w; x += 1) {
      const [c0, c1] = [c + Math.floor((x * (d - c)) / w), c + Math.floor(((x + 1) * (d - c)) / w)];
      let best = level[r0 * columns + c0];
      for (let r = r0; r < r1; r += 1) {
        for (let q = c0; q < c1; q += 1) {
          if (strength(level[r * columns + q]) > strength(best)) best = level[r * columns + q];
        }
      }
      pixels[y * w + x] = colours[best];
    }
  }
  [canvas.width, canvas.height] = [w, h];
  canvas.getContext("2d").putImageData(image, 0, 0);
}
