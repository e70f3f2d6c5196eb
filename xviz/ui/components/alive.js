// Asks for the page again once it has connected anew: a server that was started in the meantime knows nothing of it, and
// would pass over a click in a part of the page.
export default function ({ parentElement, setTriggerValue }) {
  if (parentElement.watched) return;
  const app = document.querySelector("[data-testid=stApp]");
  if (!app) return;
  let lost = false;
  const look = () => {
    const connected = app.dataset.testConnectionState === "CONNECTED";
    if (!connected) lost = true;
    else if (lost) {
      lost = false;
      setTriggerValue("again", Date.now());
    }
  };
  const watch = new MutationObserver(look);
  watch.observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] });
  parentElement.watched = true;
  return () => {
    watch.disconnect();
    parentElement.watched = false;
  };
}
