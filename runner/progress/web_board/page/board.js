// The page: keeps the records of one run as the server sends them, and draws what is shown of them once a frame.

const MOST_CARDS = 100; // in a column; the filter finds the others
const MOST_LINES = 5000; // of the log
const MOST_BARS = 3000; // of the timeline
const LEVELS = ["debug", "info", "warning", "error"];
const ENDED = new Set(["done", "failed", "cancelled", "skipped", "interrupted"]);
const BY_EXIT_CODE = { 1: "in conflict", 3: "stale" }; // of a run that is done
const WRONG = new Set(Object.values(BY_EXIT_CODE));
// Signs that show nothing, or change what is shown after them; and those of them that have their place in a text
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const OF_TEXT = "\n\t";
const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const NARROWEST = 4; // pixels of a bar
const WHEN = { dateStyle: "medium", timeStyle: "short" };
const $ = (id) => document.getElementById(id);

let run, worker, chosen; // chosen: the run that was picked by hand; the newest one is followed otherwise
let tasks = new Map();
let subtasks = new Map();
let lines = []; // of the log, in order of `seq`
let drawing = false;

// ---------------------------------------------------------------------------------------- what the server sends

function follow(id) {
  worker?.port.postMessage("leave");
  worker?.port.close();
  [run, tasks, subtasks, lines] = [undefined, new Map(), new Map(), []];
  worker = new SharedWorker("stream.js", { name: id });
  worker.port.onmessage = ({ data }) => receive(id, data);
}

function receive(id, message) {
  switch (message.kind) {
    case "whole":
      [tasks, subtasks] = [new Map(), new Map()]; // falls through
    case "change":
      if (message.run.id !== id) return;
      run = message.run;
      for (const task of message.tasks) tasks.set(task.id, task);
      for (const subtask of message.subtasks) subtasks.set(subtask.id, subtask);
      addLines(message.log);
      break;
    case "runs":
      showRuns(message.runs);
      break;
    case "problem":
      $("answer").textContent = visible(message.text, OF_TEXT);
      break;
    default:
      $("connection").textContent = message.kind === "connected" ? "" : "not connected, trying again";
  }
  draw();
}

function addLines(added) {
  const newest = lines.at(-1)?.seq ?? -1;
  const fresh = added.filter((line) => line.seq > newest);
  if (fresh.length > 0) lines = [...lines, ...fresh].slice(-MOST_LINES);
}

function showRuns(runs) {
  const select = $("runs");
  select.replaceChildren(...runs.map((each) => {
    const option = document.createElement("option");
    option.value = each.id;
    option.textContent = `${visible(each.plan)} · ${outcomeOf(each)} · ${new Date(each.started_at).toLocaleString([], WHEN)}`;
    return option;
  }));
  const wanted = runs.some((each) => each.id === chosen) ? chosen : runs[0]?.id;
  select.value = wanted ?? "";
  if (wanted && wanted !== worker?.run) {
    follow(wanted);
    worker.run = wanted;
  }
}

// ---------------------------------------------------------------------------------------- drawing

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawHead();
    if (!$("board").hidden) drawBoard();
    if (!$("log").hidden) drawLog();
    if (!$("timeline").hidden) drawTimeline();
  });
}

function outcomeOf({ status, exit_code: code }) {
  return (status === "done" && BY_EXIT_CODE[code]) || status;
}

function drawHead() {
  $("plan").textContent = run ? visible(run.plan) : "No run yet";
  const outcome = run ? outcomeOf(run) : "";
  $("status").textContent = outcome;
  $("status").className = `status ${WRONG.has(outcome) ? "failed" : outcome}`;
  $("took").textContent = run ? took(run.started_at, run.ended_at) : "";
  document.title = run ? `${visible(run.plan)}: ${outcome}` : "Board";
  let [total, ended, failed] = [0, 0, 0];
  for (const task of tasks.values()) {
    total += task.pending + task.running + task.done + task.failed + task.cancelled;
    ended += task.done + task.failed + task.cancelled;
    failed += task.failed;
  }
  $("progress").max = Math.max(total, 1);
  $("progress").value = ended;
  const summary = run ? `${ended} of ${total} sub-tasks ended${failed ? `, ${failed} failed` : ""}` : "";
  if ($("summary").textContent !== summary) $("summary").textContent = summary;
  const live = run && !ENDED.has(run.status);
  for (const button of document.querySelectorAll("[data-ask]")) {
    const { ask } = button.dataset;
    button.disabled = !live || (ask === "pause" && run.status === "paused") || (ask === "resume" && run.status !== "paused");
  }
}

function drawBoard() {
  const word = $("filter").value.trim().toLowerCase();
  const isShown = (record) => !word || `${record.id} ${record.title}`.toLowerCase().includes(word);
  const all = [...subtasks.values()].filter(isShown);
  const byPlace = (one, other) => one.position - other.position;
  drawColumn("tasks", [...tasks.values()].filter(isShown).sort(byPlace), taskCard);
  drawColumn("running", all.filter(({ status }) => status === "running"), subtaskCard);
  drawColumn("waiting", all.filter(({ status }) => status === "pending"), subtaskCard);
  const ended = all.filter(({ status }) => ENDED.has(status));
  const rank = (record) => (record.status === "done" ? 1 : 0); // what failed comes first, then the newest
  ended.sort((one, other) => rank(one) - rank(other) || (other.ended_at ?? "").localeCompare(one.ended_at ?? ""));
  drawColumn("done", ended, subtaskCard);
}

function drawColumn(name, records, card) {
  const section = $(`head-${name}`).parentElement;
  section.querySelector("h2 span").textContent = records.length.toLocaleString();
  const left = records.length - MOST_CARDS;
  section.querySelector("p").textContent = left > 0 ? `and ${left.toLocaleString()} more; filter to find one` : "";
  const list = section.querySelector("ul");
  const old = new Map([...list.children].map((item) => [item.dataset.id, item]));
  const items = records.slice(0, MOST_CARDS).map((record) => {
    const item = old.get(record.id) ?? document.createElement("li");
    const html = card(record);
    if (item.dataset.html !== html) {
      item.dataset.id = record.id;
      item.dataset.html = html;
      item.innerHTML = html;
    }
    return item;
  });
  items.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  while (list.children.length > items.length) list.lastElementChild.remove();
}

function taskCard(task) {
  const total = task.pending + task.running + task.done + task.failed + task.cancelled;
  const ended = task.done + task.failed + task.cancelled;
  const tone = task.failed ? "failed" : "done";
  return (
    `<b>${safe(task.id)} <span class="${task.status}">${task.status}</span></b>` +
    `<small>${safe(task.title)}, priority ${task.priority}${task.needs.length ? `, needs ${safe(task.needs.join(", "))}` : ""}</small>` +
    `<small>${ended} of ${total}${task.failed ? `, ${task.failed} failed` : ""}</small>` +
    (task.error ? `<small class="failed">${safe(task.error, OF_TEXT)}</small>` : "") +
    bar(ended, total, tone)
  );
}

function subtaskCard(subtask) {
  const inConflict = subtask.status === "done" && subtask.files?.conflicts > 0;
  const outcome = subtask.up_to_date ? "up to date" : inConflict ? "in conflict" : subtask.status;
  const tries = subtask.attempts > 1 ? `, attempt ${subtask.attempts}` : "";
  const step = subtask.status === "running" ? `${subtask.step}/${subtask.total_steps} ${subtask.message ?? ""}` : "";
  const time = subtask.ended_at && !subtask.up_to_date ? took(subtask.started_at, subtask.ended_at) : "";
  return (
    `<b>${safe(subtask.table ?? "setup")} <span class="${inConflict ? "failed" : subtask.status}">${outcome}</span></b>` +
    `<small>${safe([subtask.task_id + tries, step, time].filter(Boolean).join(" · "))}</small>` +
    (subtask.error && subtask.status !== "done" ? `<small class="failed">${safe(subtask.error, OF_TEXT)}</small>` : "") +
    (subtask.status === "running" ? bar(subtask.step, subtask.total_steps, "running") : "")
  );
}

function bar(part, whole, tone) {
  return `<progress class="${tone}" max="${Math.max(whole, 1)}" value="${part}" aria-hidden="true"></progress>`; // the text says it
}

function shownLines() {
  const least = Number($("level").value);
  const word = $("filter").value.trim().toLowerCase();
  return lines.filter((line) => LEVELS.indexOf(line.level) >= least && (!word || lineText(line).toLowerCase().includes(word)));
}

function drawLog() {
  const list = $("lines");
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  const shown = shownLines();
  const key = `${$("level").value} ${$("filter").value}`;
  if (list.dataset.key !== key || Number(list.dataset.first) !== shown[0]?.seq) list.replaceChildren();
  list.dataset.key = key;
  list.dataset.first = shown[0]?.seq;
  const newest = Number(list.lastElementChild?.dataset.seq ?? -1);
  const items = shown.filter((line) => line.seq > newest).map((line) => {
    const item = document.createElement("li");
    item.dataset.seq = line.seq;
    item.className = line.level;
    const time = document.createElement("time");
    time.textContent = `${timeOf(line)} `;
    item.append(time, `${line.level === "info" ? "" : `${line.level}: `}${saidOf(line)}`);
    return item;
  });
  list.append(...items);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function drawTimeline() {
  const begun = [...subtasks.values()].filter(({ started_at, up_to_date }) => started_at && !up_to_date).slice(0, MOST_BARS);
  const svg = $("chart");
  if (!run || begun.length === 0) {
    svg.replaceChildren();
    return;
  }
  const first = Date.parse(run.started_at);
  const last = run.ended_at ? Date.parse(run.ended_at) : Date.now();
  const x = (moment) => 0.5 + (99 * (moment - first)) / Math.max(last - first, 1);
  const narrowest = (100 * NARROWEST) / Math.max(svg.clientWidth, 1);
  const workers = Map.groupBy(begun.sort((a, b) => a.started_at.localeCompare(b.started_at)), ({ pid }) => pid);
  const parts = [];
  let y = 30;
  const step = niceStep((last - first) / 6000);
  for (let at = 0; at * 1000 < (last - first) * 0.97; at += step) {
    const place = x(first + at * 1000);
    parts.push(`<line x1="${place}%" x2="${place}%" y1="22" y2="100%"/><text x="${place}%" dx="4" y="16">${+at.toFixed(3)} s</text>`);
  }
  for (const [pid, group] of workers) {
    parts.push(`<text x="0.5%" dx="4" y="${y + 10}">worker ${pid}</text>`);
    y += 16;
    const rows = [];
    for (const each of group) {
      const from = Date.parse(each.started_at);
      const to = each.ended_at ? Date.parse(each.ended_at) : last;
      let row = rows.findIndex((end) => end <= from);
      if (row < 0) row = rows.length;
      rows[row] = to;
      parts.push(
        `<rect class="${each.status}" x="${Math.min(x(from), 100 - narrowest)}%" y="${y + row * 16}" width="${Math.max(x(to) - x(from), narrowest)}%" height="12">` +
          `<title>${safe(each.id)}: ${each.status}, ${took(each.started_at, each.ended_at)}</title></rect>`,
      );
    }
    y += rows.length * 16 + 8;
  }
  svg.setAttribute("height", y);
  svg.setAttribute("aria-label", `${begun.length} sub-tasks by ${workers.size} workers`);
  svg.innerHTML = parts.join("");
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-3)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power;
}

function took(from, to) {
  if (!from) return "";
  const seconds = Math.max(0, ((to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1000);
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`
    : `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

const timeOf = (line) => new Date(line.at).toLocaleTimeString();
const saidOf = (line) => `${line.where ? `${visible(line.where)}: ` : ""}${visible(line.text, OF_TEXT)}`;
const lineText = (line) => `${timeOf(line)} ${line.level} ${saidOf(line)}`;

/** Return text with escapes, such as \x1b, for what could not be seen; the signs in `kept` stay. */
function visible(text, kept = "") {
  return String(text).replace(INVISIBLE, (sign) => {
    if (kept.includes(sign)) return sign;
    const code = sign.charCodeAt(0);
    return SHORT[sign] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`);
  });
}

/** Return text for HTML. */
function safe(text, kept = "") {
  return visible(text, kept).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

// ---------------------------------------------------------------------------------------- what the user does

function showTab(name) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isShown = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", isShown);
    tab.tabIndex = isShown ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !isShown;
  }
  draw();
}

const tabNames = ["board", "log", "timeline"];
for (const name of tabNames) {
  $(`tab-${name}`).addEventListener("click", () => showTab(name));
}
document.querySelector("nav").addEventListener("keydown", (event) => {
  const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!move) return;
  const now = tabNames.findIndex((name) => $(`tab-${name}`).getAttribute("aria-selected") === "true");
  const next = tabNames[(now + move + tabNames.length) % tabNames.length];
  showTab(next);
  $(`tab-${next}`).focus();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  if (event.key === "/") {
    event.preventDefault();
    $("filter").focus();
  } else if (tabNames[event.key - 1]) {
    showTab(tabNames[event.key - 1]);
  }
});
$("filter").addEventListener("input", draw);
$("level").addEventListener("change", draw);
$("runs").addEventListener("change", ({ target }) => {
  chosen = target.selectedIndex === 0 ? undefined : target.value;
  follow(target.value);
  worker.run = target.value;
});
$("copy").addEventListener("click", async () => {
  const shown = shownLines();
  await navigator.clipboard.writeText(shown.map(lineText).join("\n"));
  $("copied").textContent = `${shown.length} lines copied`;
});
$("mode").addEventListener("click", () => {
  const dark = getComputedStyle(document.body).colorScheme === "dark" || matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.mode ?? (dark ? "dark" : "light");
  document.documentElement.dataset.mode = localStorage.mode = now === "dark" ? "light" : "dark";
});
$("controls").addEventListener("click", async ({ target }) => {
  if (!target.dataset.ask) return;
  const answer = await fetch(`runs/${encodeURIComponent(run.id)}/${target.dataset.ask}`, { method: "POST" });
  $("answer").textContent = (await answer.json()).message;
});
addEventListener("resize", draw);
setInterval(() => run && !ENDED.has(run.status) && draw(), 1000);

if (localStorage.mode) document.documentElement.dataset.mode = localStorage.mode;
const settings = await (await fetch("settings")).json();
$("controls").hidden = !settings.control;
showRuns(settings.runs);
draw();
if (settings.runs.length === 0) {
  const wait = setInterval(async () => {
    const { runs } = await (await fetch("settings")).json();
    if (runs.length === 0) return;
    clearInterval(wait);
    showRuns(runs);
  }, 1000);
}
