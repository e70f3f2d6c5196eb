// Tells Python which part of a large matrix somebody looks at, and keeps the part that comes; shows nothing. Follows exact.js.

export default function ({ data, parentElement, setStateValue }) {
  const message = unpack(data), { id, part } = message.header;
  keepPart(message);
  parentElement.xvizStop?.();
  const tell = () => {
    const wanted = WANTED.get(id);
    if (!wanted || wanted === parentElement.xvizTold || (part && covers(part, wanted.part))) return;
    parentElement.xvizTold = wanted; // once: what Python refuses is not asked for again
    setStateValue("part", [id, ...wanted.part]);
  };
  const listener = ({ detail }) => detail === id && tell();
  window.addEventListener("xviz-want", listener);
  parentElement.xvizStop = () => window.removeEventListener("xviz-want", listener);
  tell();
  return parentElement.xvizStop;
}
