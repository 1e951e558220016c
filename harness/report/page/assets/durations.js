// How long runs and tasks took, run after run.

const PLOT = { width: 860, height: 180, left: 84, bottom: 24, top: 10 };
const DATE = 70; // room of a date
const LITTLE = { width: 240, height: 30 };

views.durations = {
  title: "Durations",
  draw(place) {
    const dag = app.dag;
    if (!dag || !dag.runs.length) {
      fill(place, h("p", { class: "empty" }, "This Dag has no run."));
      return;
    }
    const task = dag.tasks.find((one) => one.id === this.task) || null;
    fill(place, h("h2", {}, task ? "Task " + task.id : "Runs of " + dag.id),
      task ? h("p", {}, link("all runs", () => this.choose(null))) : null,
      plot(dag.runs, task), h("h2", {}, "Tasks"), tasksTable(dag, (chosen) => this.choose(chosen)));
  },
  choose(task) {
    this.task = task ? task.id : null;
    drawView();
    view.querySelector("h2").scrollIntoView({ block: "nearest" });
  },
};

// Milliseconds of a task in each run, all its mapped instances together; null where it did not run.
function lasted(run, task) {
  const ran = task === null ? [] : run.ledger.instancesOf(run, task).filter((one) => one.start !== null && FINAL.has(one.state));
  return task === null ? run.duration : ran.length ? ran.reduce((sum, one) => sum + one.ran, 0) : null;
}

function plot(runs, task) {
  const took = runs.map((run) => lasted(run, task));
  const most = Math.max(1, ...took.map((one) => one || 0));
  const step = (PLOT.width - PLOT.left) / runs.length;
  const y = (value) => PLOT.height - PLOT.bottom - value / most * (PLOT.height - PLOT.bottom - PLOT.top);
  const lines = [0, 0.5, 1].map((share) => [s("line", { class: "rule", x1: PLOT.left, x2: PLOT.width, y1: y(share * most),
    y2: y(share * most) }), s("text", { x: PLOT.left - 6, y: y(share * most) + 4, class: "tick", "text-anchor": "end" },
    span(share * most))]);
  const bars = runs.map((run, at) => {
    if (took[at] === null) return null;
    const state = task === null ? run.state : worst(run.ledger.instancesOf(run, task).map((one) => one.state));
    return s("rect", { class: stateClass(state), x: PLOT.left + at * step + step * 0.1, width: Math.max(step * 0.8, 0.6),
      y: Math.min(y(took[at]), PLOT.height - PLOT.bottom - 2), height: Math.max(PLOT.height - PLOT.bottom - y(took[at]), 2),
      click: () => openRun(run) }, s("title", {}, run.label + ": " + span(took[at]) + ", " + stateName(state)));
  });
  const every = Math.ceil(runs.length / 8);
  const names = runs.map((run, at) => (at % every || PLOT.left + at * step + DATE > PLOT.width ? null
    : s("text", { class: "tick", x: PLOT.left + at * step, y: PLOT.height - 6 }, run.label.slice(0, 10))));
  const known = took.filter((one) => one !== null);
  const label = `${known.length} values, median ${span(median(known))}, longest ${span(known.length ? most : null)}`;
  return h("figure", {}, s("svg", { class: "plot", viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img", "aria-label": label },
    lines, bars, names), h("figcaption", { class: "dim" }, label));
}

function tasksTable(dag, choose) {
  const rows = dag.tasks.map((task) => {
    const took = dag.runs.map((run) => lasted(run, task));
    const known = took.filter((one) => one !== null);
    const waited = dag.runs.reduce((sum, run) => sum
      + run.ledger.instancesOf(run, task).reduce((all, one) => all + one.waited, 0), 0);
    return { task, took, known, waited, total: known.reduce((sum, one) => sum + one, 0) };
  }).sort((a, b) => b.total - a.total);
  return table(["task", "run after run", "median", "longest", "waited, all runs"], rows.map((one) => [
    link(one.task.id, () => choose(one.task)), sparkline(one.took), span(median(one.known)),
    span(one.known.length ? Math.max(...one.known) : null), one.waited ? span(one.waited) : ""]));
}

function sparkline(took) {
  const most = Math.max(1, ...took.map((one) => one || 0));
  const step = took.length > 1 ? (LITTLE.width - 4) / (took.length - 1) : 0;
  let path = "";
  let drawn = false;
  took.forEach((one, at) => {
    if (one !== null) {
      path += `${drawn ? "L" : "M"}${(2 + at * step).toFixed(1)},${(LITTLE.height - 3 - one / most * (LITTLE.height - 6)).toFixed(1)}`;
    }
    drawn = one !== null;
  });
  if (took.length === 1 && path) path += "h3";
  return s("svg", { class: "spark", viewBox: `0 0 ${LITTLE.width} ${LITTLE.height}`, "aria-hidden": "true" }, s("path", { d: path }));
}
