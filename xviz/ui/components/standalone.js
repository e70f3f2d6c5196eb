// A page without a server: the live cloud and photos as they were, and, where rows of attention came along, their answers.
// `xvizCloud` and `xvizPhotos` are the mounting functions of the components; each mounts into an element with an `.xv`. Follows message.js and offline.js.

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
  const { fineLevel, fineValue, fineCell, ...arrays } = message.arrays;
  return { header: { ...message.header, scale, selected, title, alt: title, fine: null }, arrays: { ...arrays, value: values, level, lut } };
}

const bare = (message, selected, title) => ({
  header: { ...message.header, scale: null, selected, title, alt: title, fine: null },
  arrays: Object.fromEntries(Object.entries(message.arrays).filter(([key]) => !["value", "level", "lut", "fineLevel", "fineValue", "fineCell"].includes(key))),
});

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
