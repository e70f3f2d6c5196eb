// What pages without a server share. Follows message.js.

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
const strongest = (values, count) => [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, count);
