// Days, and how their runs ended: by logical date, by the date they were due where there is none. In UTC, as Airflow's.

const DAY = 86_400_000;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
  "December"];

views.calendar = {
  title: "Calendar",
  draw(place) {
    const dag = app.dag;
    if (!dag || !dag.runs.length) {
      fill(place, h("p", { class: "empty" }, "This Dag has no run."));
      return;
    }
    const days = runsByDay(dag.runs);
    const months = [...new Set([...days.keys()].map((day) => day.slice(0, 7)))].sort();
    fill(place, h("div", { class: "months" }, months.map((month) => monthOf(month, days))), legend(dag.runs.map((run) => run.state)));
  },
};

function runsByDay(runs) {
  const days = new Map();
  for (const run of runs) {
    const day = new Date(run.ledger.began + (run.date ?? run.after ?? 0)).toISOString().slice(0, 10);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(run);
  }
  return days;
}

function monthOf(month, days) {
  const [year, number] = month.split("-").map(Number);
  const first = Date.UTC(year, number - 1, 1);
  const before = (new Date(first).getUTCDay() + 6) % 7;
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const cells = [];
  for (let at = -before; at < count; at++) cells.push(at < 0 ? h("td", {}) : h("td", {}, dayOf(first + at * DAY, days)));
  const weeks = [];
  for (let at = 0; at < cells.length; at += 7) weeks.push(h("tr", {}, cells.slice(at, at + 7)));
  return h("table", { class: "month" }, h("caption", {}, MONTHS[number - 1] + " " + year),
    h("thead", {}, h("tr", {}, WEEKDAYS.map((one) => h("th", { scope: "col", abbr: one }, one[0])))), h("tbody", {}, weeks));
}

function dayOf(at, days) {
  const day = new Date(at).toISOString().slice(0, 10);
  const runs = days.get(day) || [];
  const number = String(new Date(at).getUTCDate());
  if (!runs.length) return h("span", { class: "day none" }, number);
  const state = worst(runs.map((run) => run.state));
  const label = `${day}: ${many(runs.length, "run")}, ${[...new Set(runs.map((run) => stateName(run.state)))].join(", ")}`
    + (runs.some((run) => run.instances.some((one) => one.state === "failed")) ? ", with failed tasks" : "");
  const failing = runs.some((run) => run.instances.some((one) => one.state === "failed"));
  return h("button", { type: "button", class: "day " + stateClass(state) + (failing ? " failing" : ""), title: label, "aria-label": label,
    click: () => openDay(day, runs) }, number, runs.length > 1 ? h("small", {}, "×" + runs.length) : null);
}

function openDay(day, runs) {
  if (runs.length === 1) {
    openRun(runs[0]);
    return;
  }
  showPanel(day, [table(["run", "state", "took"], runs.map((run) => [link(run.label, () => openRun(run)), badge(run.state),
    span(run.duration)]))]);
}
