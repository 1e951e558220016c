// Runs across, tasks down, a cell for each task of a run. As many runs at a time as a browser draws at once.

const MOST_CELLS = 2400;
const MOST_RUNS = 60;
const FEWEST_RUNS = 8;
const FEW = 4; // runs, whose cells have room for words

views.grid = {
  title: "Grid",
  from: 0,
  draw(place) {
    const dag = app.dag;
    if (!dag || !dag.runs.length) {
      fill(place, h("p", { class: "empty" }, "This Dag has no run."));
      return;
    }
    const width = Math.max(FEWEST_RUNS, Math.min(MOST_RUNS, Math.floor(MOST_CELLS / Math.max(dag.tasks.length, 1))));
    if (this.dag !== dag) {
      this.dag = dag;
      this.from = app.run ? dag.runs.indexOf(app.run) : firstOfInterest(dag, width);
    }
    this.width = width;
    this.from = Math.max(0, Math.min(this.from, dag.runs.length - width));
    const runs = dag.runs.slice(this.from, this.from + width);
    const cells = cellsOf(runs);
    fill(place, pager(dag, width, this), h("div", { class: "scroll grid-scroll" }, gridTable(dag, runs, cells)), legend());
    focusCell(place, app.instance ? app.instance : null);
  },
  selected(instance) {
    for (const one of view.querySelectorAll(".grid [aria-current]")) one.removeAttribute("aria-current");
    if (!instance) return;
    const cell = view.querySelector(`.grid [data-run="${instance.run.number}"][data-task="${instance.task.number}"]`);
    if (cell) cell.setAttribute("aria-current", "true");
  },
};

// The window of runs that ends with the newest one, or that holds the first failed one.
function firstOfInterest(dag, width) {
  const failed = dag.runs.findIndex((run) => run.state === "failed");
  return failed < 0 ? dag.runs.length - width : failed - Math.floor(width / 2);
}

function pager(dag, width, grid) {
  if (dag.runs.length <= width) return h("p", { class: "pager dim" }, many(dag.runs.length, "run"));
  const move = (by) => () => {
    grid.from = Math.max(0, Math.min(dag.runs.length - width, grid.from + by));
    drawView();
  };
  const until = Math.min(grid.from + width, dag.runs.length);
  return h("p", { class: "pager" },
    h("button", { type: "button", click: move(-width), disabled: grid.from === 0 }, "← earlier"),
    h("span", {}, ` runs ${grid.from + 1} to ${until} of ${dag.runs.length} `),
    h("button", { type: "button", click: move(width), disabled: until >= dag.runs.length }, "later →"));
}

// run number -> task number -> its instances.
function cellsOf(runs) {
  const found = new Map();
  for (const run of runs) {
    const tasks = new Map();
    for (const one of run.instances) {
      if (!tasks.has(one.task.number)) tasks.set(one.task.number, []);
      tasks.get(one.task.number).push(one);
    }
    found.set(run.number, tasks);
  }
  return found;
}

function gridTable(dag, runs, cells) {
  const longest = Math.max(1, ...runs.map((run) => run.duration || 0));
  const heads = runs.map((run, column) => h("th", { scope: "col", class: "run" },
    h("button", { type: "button", tabindex: "-1", "data-column": column, "data-row": -1, click: () => openRun(run),
      title: run.label + ", " + span(run.duration), "aria-label": "run " + run.label + ", " + stateName(run.state) },
    bar(run, longest), h("span", { class: run.label.length > 10 ? "date long" : "date" }, run.label.slice(0, 16)))));
  const rows = dag.tasks.map((task, row) => h("tr", {},
    h("th", { scope: "row", title: task.operator }, task.id),
    runs.map((run, column) => h("td", {}, cell(run, task, cells.get(run.number).get(task.number) || [], row, column)))));
  return h("table", { class: runs.length <= FEW ? "grid wide" : "grid", role: "grid", "aria-label": "Runs and tasks of " + dag.id, keydown: moveCell,
    "aria-rowcount": dag.tasks.length + 1, "aria-colcount": runs.length + 1 },
  h("thead", {}, h("tr", {}, h("td", { class: "corner" }), heads)), h("tbody", {}, rows));
}

function bar(run, longest) {
  const element = h("span", { class: "bar " + stateClass(run.state) });
  element.style.height = 4 + Math.round(36 * (run.duration || 0) / longest) + "px";
  return h("span", { class: "bars" }, element);
}

function cell(run, task, instances, row, column) {
  const state = worst(instances.map((one) => one.state));
  const label = `${task.id}, ${run.label}: ${instances.length ? stateName(state) : run.leftOut ? "left out" : "no task instance"}`
    + (instances.length > 1 ? `, ${instances.length} mapped` : "");
  const isLeftOut = run.leftOut > 0 && !instances.length;
  return h("button", { type: "button", class: "cell " + stateClass(instances.length ? state : ""), tabindex: "-1",
    "data-row": row, "data-column": column, "data-run": run.number, "data-task": task.number, "aria-label": label,
    title: label, click: () => openCell(run, task, instances) },
  instances.length > 1 ? instances.length : instances.length ? STATES[state] || "" : isLeftOut ? "…" : "",
  instances.length ? h("span", { class: "words" }, inWords(state, instances)) : null);
}

function inWords(state, instances) {
  const ran = instances.reduce((sum, one) => sum + one.ran, 0);
  const most = Math.max(...instances.map((one) => one.tries));
  return stateName(state) + (ran ? ", " + span(ran) : "") + (most > 1 ? ", " + most + " tries" : "");
}

function openCell(run, task, instances) {
  if (instances.length === 1) {
    openInstance(instances[0]);
    return;
  }
  app.instance = null;
  showPanel(task.id, [
    h("p", { class: "under" }, link(run.dag.id + ", " + run.label, () => openRun(run))),
    instances.length ? section("Mapped", table(["index", "state", "ran"], instances.map((one) => [
      link(one.name, () => openInstance(one)), badge(one.state), span(one.ran)])))
      : run.leftOut ? h("p", {}, leftOutText(run)) : h("p", {}, "The run has no instance of this task in the ledger: the run is " + stateName(run.state)
        + (run.reason ? " (" + run.reason + ")" : "") + ", and the task was never looked at."),
  ]);
}

// One cell at a time is in the order of the tab key; arrows go on from there.
function focusCell(place, instance) {
  const wanted = instance
    && place.querySelector(`[data-run="${instance.run.number}"][data-task="${instance.task.number}"]`);
  const found = wanted || place.querySelector(".grid tbody .state-failed") || place.querySelector(".grid tbody button");
  if (found) found.tabIndex = 0;
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function moveCell(event) {
  const at = event.target.closest("[data-row]");
  if (!at) return;
  const [row, column] = [Number(at.dataset.row), Number(at.dataset.column)];
  const grid = event.currentTarget;
  let to = null;
  if (STEPS[event.key]) to = [row + STEPS[event.key][0], column + STEPS[event.key][1]];
  else if (event.key === "Home") to = [event.ctrlKey ? -1 : row, 0];
  else if (event.key === "End") to = [row, views.grid.width - 1];
  else if (event.key === "PageUp" || event.key === "PageDown") {
    turnPage(event.key === "PageUp" ? -1 : 1, row, column);
    event.preventDefault();
  }
  if (!to) return;
  event.preventDefault();
  const last = Math.min(to[1], app.dag.runs.length - 1);
  const next = grid.querySelector(`[data-row="${to[0]}"][data-column="${last}"]`);
  if (next) moveFocus(grid, next);
}

function moveFocus(grid, next) {
  for (const one of grid.querySelectorAll("[tabindex='0']")) one.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function turnPage(by, row, column) {
  views.grid.from += by * views.grid.width;
  drawView();
  const grid = view.querySelector(".grid");
  const next = grid.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  if (next) moveFocus(grid, next);
}

function legend(states) {
  const seen = states || [...new Set(app.dag.runs.flatMap((run) => [run.state, ...run.instances.map((one) => one.state)]))];
  return h("p", { class: "legend", "aria-label": "States" }, WORST.filter((one) => seen.includes(one)).reverse()
    .map((state) => h("span", { class: "tally" }, h("span", { class: "dot " + stateClass(state) }),
      (STATES[state] || "") + " " + stateName(state))));
}
