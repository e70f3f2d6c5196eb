// A page without a server: the live cloud and photos as they were, and, where rows of attention came along, their answers.
// `xvizCloud` and `xvizPhotos` are the mounting functions of the components; each mounts into an element with an `.xv`. Follows message.js.

/** The same again as `payload.pack`. */
function packPage({ header, arrays }) {
  const codes = new Map([[Float32Array, "f4"], [Uint8Array, "u1"], [Uint16Array, "u2"], [Uint32Array, "u4"]]);
  const entries = Object.entries(arrays);
  const listing = entries.map(([name, array]) => ({ name, type: codes.get(array.constructor), size: array.length }));
  const text = new TextEncoder().encode(JSON.stringify({ ...header, arrays: listing }));
  const padded = (n) => n + ((4 - (n % 4)) % 4);
  const total = entries.reduce((n, [, array]) => padded(n) + array.byteLength, 4 + text.length);
  const out = new Uint8Array(total);
  new DataView(out.buffer).setUint32(0, text.length, true);
  out.set(text, 4);
  entries.reduce((start, [, array]) => {
    out.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), padded(start));
    return padded(start) + array.byteLength;
  }, 4 + text.length);
  return out;
}

function fromBase64(text) {
  const binary = atob(text), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const number = (value) => Number(value.toPrecision(3)).toString();
const read = (id) => fromBase64(document.getElementById(id).textContent.trim());

/** One row as scores: what was kept are shares of its greatest weight in steps of 1/255. */
function rowOf(rows, side, token) {
  const { count, levels, most } = { count: rows.header[side].count, levels: rows.arrays[`${side}Levels`], most: rows.arrays[`${side}Most`] };
  return Float32Array.from(levels.subarray(token * count, (token + 1) * count), (level) => (level / 255) * most[token]);
}

/** A message with other scores, its colour bar from zero to the greatest. */
function scored(message, values, selected, title, lut, name) {
  const high = Math.max(...values) || 1;
  const level = Uint8Array.from(values, (value) => 1 + Math.round((254 * value) / high));
  const scale = { low: 0, high, lowText: "0", highText: number(high), diverging: false, name, clipped: 0 };
  const { fineLevel, fineValue, ...arrays } = message.arrays;
  return { header: { ...message.header, scale, selected, title, alt: title, fine: null }, arrays: { ...arrays, value: values, level, lut } };
}

const bare = (message, selected, title) => ({
  header: { ...message.header, scale: null, selected, title, alt: title, fine: null },
  arrays: Object.fromEntries(Object.entries(message.arrays).filter(([key]) => !["value", "level", "lut", "fineLevel", "fineValue"].includes(key))),
});

const strongest = (values, count) => [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, count);

function start() {
  const cloud = unpack(read("cloud")), photos = unpack(read("photos"));
  for (const id of ["cloud-still", "photos-still"]) keepStill(unpack(read(id)));
  const rows = document.getElementById("rows") ? unpack(read("rows")) : null;
  const [left, right] = [document.getElementById("left"), document.getElementById("right")];
  const show = (one, two) => {
    xvizCloud({ data: packPage(one), parentElement: left, setStateValue: (_, [token]) => pick("points", token) });
    xvizPhotos({ data: packPage(two), parentElement: right, setStateValue: (_, [token]) => pick("patches", token) });
  };
  const pick = (side, token) => {
    if (!rows) return;
    if (token === null) return show(cloud, photos);
    answer(side, token);
  };
  const answer = (side, token) => {
    const values = rowOf(rows, side, token), name = rows.header.unit, lut = rows.arrays.lut;
    const best = strongest(values, rows.header.links);
    const middle = (piece) => [...rows.arrays.middles.subarray(3 * piece, 3 * piece + 3)];
    const stillCloud = { ...cloud.header, numbers: [], }, none = new Float32Array(0);
    const plainCloud = { header: stillCloud, arrays: { ...cloud.arrays, ends: none, strength: none, crosses: none } };
    const plainPhotos = { header: { ...photos.header, numbers: [] }, arrays: { ...photos.arrays, crosses: none } };
    if (side === "patches") {
      plainCloud.header.numbers = best.map((piece, i) => ({ text: `${i + 1}`, place: middle(piece) }));
      const eye = rows.header.eyes[Math.floor(token / rows.header.cells)];
      if (eye) {
        plainCloud.arrays.ends = Float32Array.from(best.flatMap((piece) => [...eye, ...middle(piece)]));
        plainCloud.arrays.strength = Float32Array.from(best, (piece) => values[piece] / (values[best[0]] || 1));
      }
      show(scored(plainCloud, values, -1, "Cloud: attention from the picked patch", lut, name), bare(withoutTotals(plainPhotos), token, "Photos"));
    } else {
      plainPhotos.header.numbers = best.map((patch, i) => ({ text: `${i + 1}`, patch }));
      const two = scored(withTotals(plainPhotos, values, rows.header.cells), values, -1, "Photos: attention from the picked supervoxel", lut, name);
      two.arrays.ranked = Uint32Array.from(strongest(values, values.length));
      show(bare(plainCloud, token, "Cloud: own colours"), two);
    }
  };
  show(cloud, photos);
}

const withoutTotals = (message) => ({ ...message, header: { ...message.header, totals: message.header.totals.map(() => ""), note: "" } });

function withTotals(message, values, cells) {
  const sums = message.header.names.map((_, photo) => values.subarray(photo * cells, (photo + 1) * cells).reduce((a, b) => a + b, 0));
  const order = [...sums.keys()].sort((a, b) => sums[b] - sums[a]);
  return { ...message, header: { ...message.header, order, totals: sums.map(number) } };
}

start();
