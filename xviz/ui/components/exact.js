// Exact parts of large matrices: which part a drawing wants to see, and the one that came. Follows message.js.

const WANTED = (window.xvizWanted ??= new Map()); // id of the overview → { part: [top, bottom, left, right], time }
const PARTS = (window.xvizParts ??= new Map()); // id of the overview → the message with its latest part

/** Asks for a part, through the component that speaks for the overview (`parts.js`). */
function wantPart(id, part) {
  WANTED.delete(id);
  WANTED.set(id, { part, time: performance.now() });
  while (WANTED.size > 8) WANTED.delete(WANTED.keys().next().value);
  window.dispatchEvent(new CustomEvent("xviz-want", { detail: id }));
}

function keepPart(message) {
  if (message.header.part) window.dispatchEvent(new CustomEvent("xviz-part", { detail: keepIn(PARTS, message) }));
}

/** Whether a part has every cell between some rows and columns. */
const covers = ([top, bottom, left, right], [r0, r1, c0, c1]) => top <= r0 && r1 <= bottom && left <= c0 && c1 <= right;
