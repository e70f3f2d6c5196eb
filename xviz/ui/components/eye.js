// Tells Python where a cloud's camera has come to rest, from a place where nothing else runs again; shows nothing.

const CAMERAS = (window.xvizCameras ??= new Map());

export default function ({ data, parentElement, setStateValue }) {
  const name = data?.name;
  const tell = () => CAMERAS.has(name) && setStateValue("camera", CAMERAS.get(name));
  if (parentElement.xvizName === name) return parentElement.xvizStop;
  parentElement.xvizStop?.();
  const listener = (event) => event.detail === name && tell();
  window.addEventListener("xviz-camera", listener);
  parentElement.xvizName = name;
  parentElement.xvizStop = () => {
    window.removeEventListener("xviz-camera", listener);
    delete parentElement.xvizName;
  };
  tell();
  return parentElement.xvizStop;
}
