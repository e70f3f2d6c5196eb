// Small maps in rows of layers and columns of heads, all with the same colours. Follows common.js.

const HINT = "Click a map to choose its layer and head. Keys: arrows move, Enter picks.";

function buildMultiples(view) {
  view.stage.setAttribute("role", "listbox");
  view.stage.classList.add("multiples");
  view.tiles = [];
  view.draw = () => markTiles(view);
  view.announce = () => announceWith(view, HINT);
  view.valueOf = () => null;
  view.describe = ([row, head]) => {
    const { layers, mass } = view.header;
    const [sum, bits] = numbersOf(view, row, head);
    const spread = `entropy ${format(bits)} of ${format(layers[row].most)} bits`;
    return [`${layers[row].title}, head ${head + 1}`, `${mass} ${format(sum)}`, spread];
  };
  view.step = (key) => stepTile(view, key);
  listenKeys(view);
  const tileAt = (event) => {
    const tile = event.target.closest?.(".map");
    return tile ? JSON.parse(tile.dataset.place) : null;
  };
  listenPointer(view, view.stage, tileAt);
  view.stage.addEventListener("click", (event) => {
    const place = tileAt(event);
    if (place) choose(view, (view.cursor = place));
  });
}

function numbersOf(view, row, head) {
  const at = 2 * (row * view.header.columns + head);
  return [view.arrays.value[at], view.arrays.value[at + 1]];
}

function stepTile(view, key) {
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  const { layers } = view.header;
  if (!move || !layers.length) return false;
  const from = view.cursor ?? view.selected;
  if (!from) view.cursor = [0, 0];
  else {
    const row = Math.max(0, Math.min(layers.length - 1, from[0] + move[0]));
    view.cursor = [row, Math.max(0, Math.min(layers[row].heads - 1, from[1] + move[1]))];
  }
  return true;
}

function makeTiles(view) {
  const { header: { layers, columns }, arrays: { level, lut } } = view;
  view.stage.replaceChildren();
  view.tiles = [];
  const colours = new Uint32Array(lut.buffer);
  let start = 0;
  layers.forEach((layer, row) => {
    const [tall, wide] = layer.size;
    element("div", "layer", view.stage, layer.title).id = `layer-${row}`;
    const line = element("div", "maps", view.stage);
    line.style.setProperty("--columns", Math.max(columns, 3));
    line.setAttribute("role", "group");
    line.setAttribute("aria-labelledby", `layer-${row}`);
    for (let head = 0; head < layer.heads; head += 1) {
      const tile = element("div", "map", line);
      tile.id = `map-${row}-${head}`;
      tile.dataset.place = JSON.stringify([row, head]);
      tile.setAttribute("role", "option");
      const canvas = element("canvas", "", tile);
      [canvas.width, canvas.height] = [wide, tall];
      canvas.style.aspectRatio = `${wide} / ${Math.max(tall, wide / 8)}`;
      const image = new ImageData(Math.max(1, wide), Math.max(1, tall));
      const pixels = new Uint32Array(image.data.buffer);
      for (let i = 0; i < tall * wide; i += 1) pixels[i] = colours[level[start + i]];
      canvas.getContext("2d").putImageData(image, 0, 0);
      start += tall * wide;
      const [sum, bits] = numbersOf(view, row, head);
      element("div", "numbers", tile, `${head + 1} `); // with the line below, and its layer, what a screen reader says
      element("div", "faint", tile, `${sum.toFixed(2)} · ${bits.toFixed(1)} bit`);
      view.tiles.push(tile);
    }
  });
}

function markTiles(view) {
  const same = (tile, place) => place && tile.dataset.place === JSON.stringify(place);
  view.tiles.forEach((tile) => {
    tile.setAttribute("aria-selected", String(Boolean(same(tile, view.selected))));
    tile.classList.toggle("cursor", Boolean(same(tile, view.cursor)));
  });
  if (view.cursor === null) view.stage.removeAttribute("aria-activedescendant");
  else view.stage.setAttribute("aria-activedescendant", `map-${view.cursor[0]}-${view.cursor[1]}`);
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildMultiples);
  if (data) {
    receive(view, data, setStateValue);
    makeTiles(view);
    view.draw();
    view.announce();
  }
  return () => destroy(view);
}
