// Starts the page: which ledger, Dag and view are shown stands in the address, so that a link leads back there.

const order = ["overview", "comparison", "grid", "graph", "gantt", "durations", "calendar", "xcoms", "findings"];

function show(name, more) {
  if (more && more.run) {
    app.run = more.run;
    app.dag = more.run.dag;
    app.ledger = more.run.ledger;
  }
  if (more && more.dag) app.dag = more.dag;
  if (more && more.scope) app.scope = more.scope;
  app.view = name;
  draw();
}

function draw() {
  drawChoices();
  drawTabs();
  document.getElementById("facts").textContent = factsLine(app.ledger);
  drawView();
  remember();
}

function leftOutOf({ leftOut, runs }) {
  const gone = leftOut.runs ? `${leftOut.runs.toLocaleString("en")} of ${many(leftOut.allRuns, "run")} and ` : "";
  return `This page would be too large with all of the ledger: ${gone}${leftOut.instances.toLocaleString("en")} of `
    + `${many(leftOut.allInstances, "task instance")} are left out. What failed is here, then the newest runs. Who held `
    + "slots, and durations of tasks, are told of what is here.";
}

function drawChoices() {
  const parts = [];
  if (app.ledgers.length > 1) {
    parts.push(select("Ledger", app.ledgers.map((one, at) => (app.comparison ? "AB"[at] + " " : "") + one.name), app.ledgers.indexOf(app.ledger),
      (at) => chooseLedger(app.ledgers[at])));
  }
  if (app.ledger.dags.length > 1) {
    parts.push(select("Dag", app.ledger.dags.map((one) => one.id), app.dag ? app.dag.number : 0, (at) => {
      app.dag = app.ledger.dags[at];
      app.run = null;
      closePanel();
      draw();
    }));
  }
  head.choices.replaceChildren(...parts, themeButton());
}

function chooseLedger(ledger) {
  const dag = ledger.dags.find((one) => app.dag && one.id === app.dag.id) || firstDag(ledger);
  const run = app.run && dag ? dag.runs.find((one) => one.label === app.run.label) : null;
  Object.assign(app, { ledger, dag, run });
  closePanel();
  draw();
}

function firstDag(ledger) {
  const failed = ledger.runs.find((run) => run.state === "failed")
    || ledger.runs.find((run) => run.instances.some((one) => one.state === "failed"));
  return failed ? failed.dag : ledger.dags.find((dag) => dag.runs.length) || ledger.dags[0] || null;
}

function remember() {
  const parts = [["view", app.view], ["ledger", app.ledgers.indexOf(app.ledger) || ""], ["dag", app.dag && app.dag.id],
    ["run", app.run && app.run.id], ["ti", app.instance && app.instance.number]];
  const text = parts.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => name + "=" + encodeURIComponent(value)).join("&");
  try {
    history.replaceState(null, "", "#" + text);
  } catch { /* a page in a frame that may not */ }
}

function recall() {
  const asked = new URLSearchParams(location.hash.slice(1));
  app.ledger = app.ledgers[Number(asked.get("ledger") || 0)] || app.ledgers[0];
  app.dag = app.ledger.dags.find((one) => one.id === asked.get("dag")) || firstDag(app.ledger);
  app.run = app.dag ? app.dag.runs.find((one) => one.id === asked.get("run")) || null : null;
  const first = app.comparison ? "comparison" : app.ledger.runs.length === 1 ? "grid" : "overview";
  app.view = shown().includes(asked.get("view")) ? asked.get("view") : first;
  const instance = asked.has("ti") ? app.ledger.instances[Number(asked.get("ti"))] : null;
  if (instance) app.dag = instance.run.dag;
  return instance;
}

function begin() {
  const told = JSON.parse(document.getElementById("data").textContent);
  app.ledgers = told.ledgers.map((one) => new Ledger(one));
  app.comparison = told.comparison;
  app.note = () => (app.ledger.leftOut && app.view !== "comparison" ? leftOutOf(app.ledger) : null);
  const instance = recall();
  draw();
  if (instance) openInstance(instance);
  listen();
}

function factsLine(ledger) {
  const { airflow, harness, of, seed } = ledger.facts;
  return [of, airflow ? "Airflow " + airflow : null, harness ? "airflow-harness " + harness : null,
    seed ? "seed " + seed : null, "times in UTC", ledger.isWhole ? null : "cut off: the ledger has no footer"].filter(Boolean).join(" · ");
}

begin();
