// A shared worker: one event stream for all tabs that show one run, since a browser opens only six to a host.
// Its name is the id of the run.

const WAITS_MS = [500, 1000, 2000, 4000]; // before another attempt, in order; the last one from then on
const run = self.name;
const tabs = new Set();
let source, after, failures = 0, timer;

self.onconnect = ({ ports: [port] }) => {
  tabs.add(port);
  port.onmessage = () => {
    tabs.delete(port);
    if (tabs.size === 0) stop();
  };
  port.start();
  after = undefined; // the tab needs the whole state; the others take it, too
  open();
};

function stop() {
  clearTimeout(timer);
  source?.close();
  source = undefined;
}

function open() {
  stop();
  const address = new URL(`runs/${encodeURIComponent(run)}/events`, self.location);
  if (after !== undefined) address.searchParams.set("after", after);
  source = new EventSource(address);
  source.onopen = () => {
    failures = 0;
    send({ kind: "connected" });
  };
  source.onmessage = ({ data, lastEventId }) => {
    if (lastEventId) after = Number(lastEventId); // the parts of a whole state have none, but the last
    send(JSON.parse(data));
  };
  source.addEventListener("runs", ({ data }) => send({ kind: "runs", runs: JSON.parse(data) }));
  source.addEventListener("problem", ({ data }) => send({ kind: "problem", text: JSON.parse(data) }));
  // A browser gives up after some answers and waits for seconds after others, so the stream is opened again from here.
  source.onerror = () => {
    stop();
    send({ kind: "disconnected" });
    timer = setTimeout(open, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
    failures += 1;
  };
}

function send(message) {
  for (const tab of tabs) tab.postMessage(message);
}
