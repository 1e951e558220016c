// What happened at all: how runs ended, what was found, what waited longest. Here the views are gathered, too.

const app = { ledgers: [], ledger: null, dag: null, run: null, instance: null, view: "overview", scope: "run",
  comparison: null, printing: false };
const views = {};

views.overview = {
  title: "Overview",
  draw(place) {
    const ledger = app.ledger;
    const all = ledger.leftOut;
    if (!ledger.runs.length) {
      fill(place, h("p", { class: "empty" }, "The ledger holds no run."));
      return;
    }
    fill(place, 
      h("div", { class: "figures" },
        figure(many(all ? all.allRuns : ledger.runs.length, "run"), tally(all ? all.runStates : counted(ledger.runs))),
        figure(many(all ? all.allInstances : ledger.instances.length, "task instance"),
          tally(all ? all.states : counted(ledger.instances))),
        figure(span(ledger.end), dated(ledger.began) + " – " + dated(ledger.began + ledger.end), "of virtual time"),
        figure(many(ledger.findings.length, "finding"), errorsIn(ledger))),
      h("h2", {}, "Dags"), dagTable(ledger), failures(ledger), longestWaits(ledger));
  },
};

function figure(number, below, unit) {
  return h("div", { class: "figure" }, h("strong", {}, number), unit ? h("span", { class: "unit" }, " " + unit) : null,
    h("div", { class: "below" }, below));
}

function counted(all) {
  const counts = new Map();
  for (const one of all) counts.set(one.state, (counts.get(one.state) || 0) + 1);
  return [...counts];
}

function tally(counts) {
  return [...counts].sort((a, b) => b[1] - a[1]).map(([state, count]) => h("span", { class: "tally" },
    h("span", { class: "dot " + stateClass(state) }), count.toLocaleString("en") + " " + stateName(state)));
}

function errorsIn(ledger) {
  const errors = ledger.findings.filter((one) => one.severity === "error").length;
  return many(errors, "error") + ", " + many(ledger.findings.length - errors, "warning");
}

function dagTable(ledger) {
  return table(["Dag", "runs, the newest last", "success", "failed", "median", "longest"], ledger.dags.map((dag) => {
    const took = dag.runs.map((run) => run.duration).filter((one) => one !== null);
    const count = (state) => dag.runs.filter((run) => run.state === state).length;
    return [link(dag.id, () => show("grid", { dag })), strip(dag), count("success").toLocaleString("en"),
      count("failed") ? h("strong", { class: "bad" }, count("failed")) : "0", span(median(took)),
      span(took.length ? Math.max(...took) : null)];
  }));
}

const NEWEST = 40;

function strip(dag) {
  return h("span", { class: "strip" }, dag.runs.slice(-NEWEST).map((run) => h("span", { class: "cell " + stateClass(run.state),
    title: run.label + ": " + stateName(run.state) })),
  dag.runs.length > NEWEST ? h("span", { class: "dim" }, " of " + dag.runs.length) : null);
}

const MOST_LISTED = 10;

function failures(ledger) {
  const failed = ledger.instances.filter((one) => one.state === "failed");
  if (!failed.length) return null;
  return [h("h2", {}, "Failed"), h("ul", { class: "listed" }, failed.slice(0, MOST_LISTED).map((one) => {
    const errors = ledger.of("errors", one);
    const last = errors[errors.length - 1];
    return h("li", {}, link(one.run.dag.id + "." + one.name, () => openInstance(one)), h("span", { class: "dim" }, " " + one.run.label),
      last ? h("span", { class: "why-short" }, last.type + ": " + last.message.split("\n")[0].slice(0, 200)) : null);
  })), failed.length > MOST_LISTED ? h("p", { class: "dim" }, "and " + (failed.length - MOST_LISTED) + " more") : null];
}

function longestWaits(ledger) {
  const waited = ledger.instances.filter((one) => one.waited > 0).sort((a, b) => b.waited - a.waited).slice(0, 5);
  if (!waited.length) return null;
  return [h("h2", {}, "Longest waits for a slot"), h("ul", { class: "listed" }, waited.map((one) => h("li", {},
    h("strong", {}, span(one.waited)), " ", link(one.run.dag.id + "." + one.name, () => openInstance(one)),
    h("span", { class: "dim" }, " " + one.run.label + ", pool " + (one.task.pool || "–")))))];
}
