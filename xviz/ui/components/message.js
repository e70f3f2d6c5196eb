// Messages from Python, what stays the same between them, and the time that a player tells. Stands before every other script.

const TYPES = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };

const lengthOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
const headerOf = (bytes) => JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + lengthOf(bytes))));

/** The header and arrays that `xviz/drawings/payload.py` packed; arrays are copied, as the bytes may be unaligned. */
function unpack(bytes) {
  const header = headerOf(bytes), arrays = {};
  let start = 4 + lengthOf(bytes);
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

/** Keeps a message under its id, and of all of its kind the latest twelve: a room has three. */
function keepIn(kept, message) {
  const { id } = message.header;
  kept.delete(id);
  kept.set(id, message);
  while (kept.size > 12) kept.delete(kept.keys().next().value);
  return id;
}

function keepStill(still) {
  const id = keepIn(STILLS, still);
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

// What drawings show for picks that are still to come (`xviz/drawings/answers.py`), by the name of the table.
const TABLES = (window.xvizTables ??= new Map());

// Answers to single picks, fetched where there are too many for a table (`xviz/ui/direct.py`): by table and pick, a table of
// that pick alone, or the promise of it.
const SINGLES = (window.xvizSingles ??= new Map());

/** Fetches the answer to a pick; whether it comes and was not there before. Only the app's page can (`xviz/ui/frame.py`). */
async function fetchAnswer({ table, single }, pick) {
  const id = `${table}/${pick}`, before = SINGLES.get(id);
  if (!single || !window.xvizAnswer || before) return before instanceof Promise && before;
  const coming = window.xvizAnswer(id).then((bytes) => {
    if (bytes) SINGLES.set(id, unpack(new Uint8Array(bytes)));
    else SINGLES.delete(id);
    return bytes !== null;
  }).catch(() => {
    SINGLES.delete(id);
    return false;
  });
  SINGLES.set(id, coming);
  while (SINGLES.size > 64) SINGLES.delete(SINGLES.keys().next().value);
  return coming;
}

/** The message of a drawing for a pick, put together as Python would send it; null where it is not here. */
function foretold({ name, table }, pick) {
  const { header, arrays } = TABLES.get(table) ?? SINGLES.get(`${table}/${pick}`) ?? {};
  const wanted = header?.picks.indexOf(pick) ?? -1;
  const part = wanted < 0 ? null : header.parts.find(({ drawing, picks }) => drawing === name && picks.includes(wanted));
  if (!part) return null;
  const row = part.picks.indexOf(wanted), count = part.picks.length;
  const cut = (array) => array.slice((row * array.length) / count, ((row + 1) * array.length) / count);
  const own = part.order.map((key) => [key, part.same.includes(key) ? arrays[part.prefix + key] : cut(arrays[part.prefix + key])]);
  return { header: { ...part.shared, ...part.apart[row] }, arrays: Object.fromEntries(own) };
}

/** Whether two messages draw the same. */
function sameMessage(a, b) {
  const list = ({ arrays, ...header }) => Object.keys(header).sort().map((key) => [key, header[key]]);
  const names = Object.keys(a.arrays);
  if (names.length !== Object.keys(b.arrays).length || JSON.stringify(list(a.header)) !== JSON.stringify(list(b.header))) return false;
  return names.every((name) => {
    const [one, other] = [a.arrays[name], b.arrays[name]];
    return one?.length === other?.length && one.every((value, i) => Object.is(value, other[i]));
  });
}

// A player tells the time, and drawings that share its name follow it. CLOCKS keeps it for drawings that come later.
const CLOCK = "xviz-clock";
const CLOCKS = (window.xvizClocks ??= new Map());

function tellClock(player, second) {
  CLOCKS.set(player, second);
  window.dispatchEvent(new CustomEvent(CLOCK, { detail: [player, second] }));
}

const clockOf = (player) => CLOCKS.get(player) ?? null;
