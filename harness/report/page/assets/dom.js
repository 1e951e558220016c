// Elements, and how instants, spans and sizes read. Text only ever becomes text: nothing here parses HTML.

const NAMESPACE = "http://www.w3.org/2000/svg";

// An element: attributes by name (a function is a listener, null is left out), then children, texts among them.
function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function s(tag, attributes, ...children) {
  return filled(document.createElementNS(NAMESPACE, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

// Append children to an element that is there: lists of them, and none.
function fill(element, ...children) {
  return filled(element, {}, children);
}

// A button that looks like a link within text.
function link(text, act, attributes) {
  return h("button", { type: "button", class: "link", click: act, ...attributes }, text);
}

function say(text) {
  document.getElementById("said").textContent = text;
}

const STATES = {
  success: "✓", failed: "✕", running: "▶", queued: "•", scheduled: "◦", up_for_retry: "↻", up_for_reschedule: "↺",
  deferred: "⏸", skipped: "⤼", upstream_failed: "⇥", removed: "–", restarting: "↻", awaiting_input: "?",
};
// The worst first: what a cell of several task instances shows.
const WORST = ["failed", "upstream_failed", "up_for_retry", "running", "awaiting_input", "deferred", "up_for_reschedule",
  "queued", "scheduled", "restarting", "", "skipped", "removed", "success"];

function stateClass(state) {
  return "state-" + (Object.hasOwn(STATES, state) ? state : "none");
}

function stateName(state) {
  return state ? state.replaceAll("_", " ") : "no status";
}

function badge(state) {
  return h("span", { class: "badge " + stateClass(state) }, (STATES[state] || "·") + " " + stateName(state));
}

function worst(states) {
  return WORST.find((one) => states.includes(one)) ?? states[0] ?? "";
}

function two(number) {
  return String(number).padStart(2, "0");
}

// A span of milliseconds, to two units.
function span(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 0) return "−" + span(-ms);
  if (ms < 1000) return ms === 0 ? "0 s" : Math.round(ms) + " ms";
  const seconds = ms / 1000;
  if (seconds < 60) return +seconds.toFixed(seconds < 10 ? 1 : 0) + " s";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes + " min" + (Math.floor(seconds % 60) ? " " + two(Math.floor(seconds % 60)) + " s" : "");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return hours + " h" + (minutes % 60 ? " " + two(minutes % 60) + " min" : "");
  return Math.floor(hours / 24) + " d" + (hours % 24 ? " " + (hours % 24) + " h" : "");
}

// An instant in UTC, milliseconds since the epoch, without seconds that are zero.
function when(ms) {
  if (ms === null || ms === undefined) return "–";
  const text = new Date(ms).toISOString();
  return text.slice(0, text.endsWith(":00.000Z") ? 16 : text.endsWith(".000Z") ? 19 : 23).replace("T", " ");
}

// The same of a run: midnight goes without saying.
function dated(ms) {
  return when(ms).replace(/ 00:00$/, "");
}

function size(bytes) {
  if (bytes < 1000) return bytes + " B";
  return bytes < 1e6 ? (bytes / 1e3).toFixed(1) + " kB" : (bytes / 1e6).toFixed(1) + " MB";
}

function many(number, one, more) {
  return number.toLocaleString("en") + " " + (number === 1 ? one : more || one + "s");
}

function median(numbers) {
  if (!numbers.length) return null;
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// JSON as people read it, as far as it is JSON: a value that was cut is shown as it is.
function pretty(text) {
  if (text.length < 120) return text;
  try {
    // Lists of plain values in a row: a newline within a text is escaped, so those that are there are ours.
    return JSON.stringify(JSON.parse(text), null, 2)
      .replace(/\[\n\s*([^[\]{}]*?)\n\s*\]/g, (_, inside) => "[" + inside.replace(/\n\s*/g, " ") + "]");
  } catch {
    return text;
  }
}

function table(head, rows, attributes) {
  return h("div", { class: "scroll" }, h("table", { class: "plain", ...attributes },
    h("thead", {}, h("tr", {}, head.map((one) => h("th", { scope: "col" }, one)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((one) => h("td", {}, one)))))));
}

function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}
