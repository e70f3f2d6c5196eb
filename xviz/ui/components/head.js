// A head seen from above: the field between electrodes, the electrodes themselves, lines between them. Follows common.js.

const HINT = "Hover to read, click to pick. Keys: arrows go by score, Enter picks, Esc clears.";
const NEAR = 16; // CSS pixels within which an electrode is meant

function buildHead(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "head with electrodes");
  view.canvas = element("canvas", "", view.stage);
  view.field = document.createElement("canvas"); // one pixel per cell of the field
  view.names = true;
  view.draw = () => drawHead(view);
  view.announce = () => announceWith(view, HINT);
  view.valueOf = (index) => view.arrays.value?.[index];
  view.describe = (index) => describeElectrode(view, index);
  view.step = (key) => stepByScore(view, key);
  makeSwitch(view, "names", "names");
  listenKeys(view);
  listenPointer(view, view.canvas, (event) => electrodeAt(view, event));
  view.canvas.addEventListener("click", (event) => {
    const index = electrodeAt(view, event);
    if (index !== null) choose(view, (view.cursor = index));
  });
}

function describeElectrode(view, index) {
  const { labels, scale, absent } = view.header;
  const place = view.arrays.ranked.indexOf(index) + 1;
  return [
    labels[index],
    scale && `${format(view.valueOf(index))} ${scale.name}`,
    absent.includes(index) ? "left out: not shown to the model" : scale && `${place} of ${labels.length} by size`,
  ];
}

/** Where an electrode stands on the canvas, CSS pixels. */
function spot(view, index) {
  const { side, header: { reach }, arrays: { places } } = view;
  const unit = side / (2 * reach);
  return [side / 2 + places[2 * index] * unit, side / 2 - places[2 * index + 1] * unit];
}

function electrodeAt(view, event) {
  if (!view.side) return null;
  const frame = view.canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
  let [best, distance] = [null, NEAR];
  view.header.labels.forEach((_, i) => {
    const [a, b] = spot(view, i);
    const away = Math.hypot(a - x, b - y);
    if (away < distance) [best, distance] = [i, away];
  });
  return best;
}

// ---- drawing --------------------------------------------------------------------------------------------------

function drawHead(view) {
  const { header, canvas, stage } = view;
  if (!header || !stage.clientWidth) return;
  const look = theme(view.root);
  view.side = Math.min(stage.clientWidth, header.height);
  const context = sharpContext(canvas, view.side, view.side);
  drawField(context, view);
  drawContours(context, view);
  drawOutline(context, view.side, view.header.reach);
  drawLinks(context, view, look);
  header.labels.forEach((_, i) => drawElectrode(context, view, i, look));
  if (view.names) drawNames(context, view, look);
}

/** The interpolated field, on a disc that reaches as far as the electrodes. */
function drawField(context, view) {
  const { header: { cells, scale, rim, reach }, arrays: { field, lut }, side } = view;
  if (!scale || !field?.length) return;
  if (view.painted !== field) {
    [view.field.width, view.field.height] = [cells, cells];
    const image = new ImageData(cells, cells);
    field.forEach((level, i) => image.data.set(lut.subarray(4 * level, 4 * level + 4), 4 * i));
    view.field.getContext("2d").putImageData(image, 0, 0);
    view.painted = field;
  }
  context.save();
  context.beginPath();
  context.arc(side / 2, side / 2, (rim * side) / (2 * reach), 0, 2 * Math.PI);
  context.clip();
  context.imageSmoothingQuality = "high";
  context.drawImage(view.field, 0, 0, side, side);
  context.restore();
}

/** Lines of equal scores: whole above zero, dashed below. */
function drawContours(context, view) {
  const { header: { dashed, rim, reach }, arrays: { contours, lengths }, side } = view;
  if (!lengths?.length) return;
  context.save();
  context.beginPath();
  context.arc(side / 2, side / 2, (rim * side) / (2 * reach), 0, 2 * Math.PI);
  context.clip();
  context.strokeStyle = "rgb(20 20 20 / 0.7)";
  context.lineWidth = 0.9;
  let at = 0;
  lengths.forEach((length, i) => {
    context.setLineDash(dashed[i] ? [4, 3] : []);
    context.beginPath();
    for (let k = at; k < at + length; k += 1) context.lineTo(contours[2 * k] * side, contours[2 * k + 1] * side);
    context.stroke();
    at += length;
  });
  context.restore();
}

function drawOutline(context, side, reach) {
  const [middle, radius] = [side / 2, side / (2 * reach)];
  const half = 0.13; // rad
  const lines = new Path2D();
  lines.arc(middle, middle, radius, 0, 2 * Math.PI);
  lines.moveTo(middle - radius * Math.sin(half), middle - radius * Math.cos(half));
  lines.lineTo(middle, middle - 1.13 * radius);
  lines.lineTo(middle + radius * Math.sin(half), middle - radius * Math.cos(half));
  for (const way of [-1, 1]) {
    const turn = (-way * Math.PI) / 2;
    lines.moveTo(middle + way * 1.01 * radius, middle + Math.sin(turn) * 0.16 * radius);
    lines.ellipse(middle + way * 1.01 * radius, middle, 0.07 * radius, 0.16 * radius, 0, turn, turn + Math.PI);
  }
  for (const [style, width] of [["rgb(255 255 255 / 0.75)", 4], ["#222", 1.5]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke(lines);
  }
}

/** Lines from the picked electrode to its strongest partners, the stronger the thicker. */
function drawLinks(context, view, look) {
  const { arrays: { links, strength } } = view;
  const most = Math.max(...strength, 0);
  for (let i = 0; i < strength.length; i += 1) {
    const [from, to] = [spot(view, links[2 * i]), spot(view, links[2 * i + 1])];
    for (const [style, more] of [["rgb(255 255 255 / 0.9)", 2.5], [look.accent, 0]]) {
      context.strokeStyle = style;
      context.lineWidth = 1 + (4 * strength[i]) / most + more;
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
    }
  }
}

function drawElectrode(context, view, index, look) {
  const { header: { scale, absent }, arrays: { level, lut } } = view;
  const [x, y] = spot(view, index);
  const picked = index === view.selected;
  const radius = picked ? 7.5 : index === view.cursor ? 7 : 5;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = absent.includes(index) ? look.background : scale && level[index] ? cssColour(lut, level[index]) : look.faint;
  context.fill();
  for (const [style, line] of [["#fff", picked ? 5 : 2.5], [picked ? look.accent : "#111", picked ? 3 : 1]]) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.stroke();
  }
  if (view.header.invented?.includes(index)) {
    context.beginPath(); // interpolated: a hole in the middle
    context.arc(x, y, 2, 0, 2 * Math.PI);
    context.fillStyle = "#fff";
    context.fill();
  }
  if (!absent.includes(index)) return;
  context.strokeStyle = "#111";
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x - 3, y - 3);
  context.lineTo(x + 3, y + 3);
  context.moveTo(x - 3, y + 3);
  context.lineTo(x + 3, y - 3);
  context.stroke();
}

/** Names below the electrodes, dark with a light rim so that they stand out on every colour. */
function drawNames(context, view, look) {
  const { header: { labels }, side } = view;
  const size = side < 300 ? 8 : side < 380 ? 9.5 : 10.5;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  labels.forEach((label, i) => {
    const [x, y] = spot(view, i);
    const strong = i === view.selected || i === view.cursor;
    context.font = `${strong ? 700 : 500} ${strong ? size + 1.5 : size}px ${look.font}`;
    context.strokeStyle = "rgb(255 255 255 / 0.85)";
    context.lineWidth = 2.5;
    context.strokeText(label, x, y + 7);
    context.fillStyle = "#111";
    context.fillText(label, x, y + 7);
  });
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildHead);
  if (data) take(view, data, setStateValue, () => {
    view.draw();
    view.announce();
  });
  return () => destroy(view);
}
