// Two ledgers beside each other: what differs, and a run of both.

views.comparison = {
  title: "Differences",
  applies: () => app.comparison !== null,
  count: () => app.comparison.areas.reduce((sum, one) => sum + one.added + one.removed + one.changed, 0),
  draw(place) {
    const { comparison } = app;
    fill(place, h("p", {}, h("strong", {}, "A"), " " + comparison.a.name + ", " + many(comparison.a.runs, "run") + "; ",
      h("strong", {}, "B"), " " + comparison.b.name + ", " + many(comparison.b.runs, "run") + "."),
    comparison.notes.map((one) => h("p", { class: "note" }, one)),
    comparison.alike ? h("p", { class: "empty" }, "Nothing differs that was looked at.") : null,
    runsBeside(), comparison.areas.map(areaOf));
  },
};

function areaOf(area) {
  const rows = area.changes.flatMap((change) => {
    const what = [change.what, h("strong", {}, change.subject), change.field ? h("code", {}, change.field) : null,
      change.change + (change.count > 1 ? " ×" + change.count : "")];
    const samples = change.samples.length ? change.samples : [{ run: "", map_index: -1, a: null, b: null, why: null }];
    return samples.map((sample, at) => [...(at ? ["", "", "", ""] : what), sampleRun(change, sample),
      sideText(sample.a), sideText(sample.b), sample.why || ""]);
  });
  return h("section", {}, h("h2", {}, area.area.replaceAll("_", " ")),
    table(["what", "of", "field", "change", "run", "A", "B", "why"], rows));
}

function sideText(text) {
  return text === null ? h("span", { class: "dim" }, "–") : h("span", { class: text.length < 24 ? "side-value short" : "side-value" }, text);
}

function sampleRun(change, sample) {
  const [dagId, ...rest] = change.subject.split(".");
  const found = pairOf(dagId, sample.run);
  if (!found) return sample.run;
  return link(found.find(Boolean).label, () => openPair(found, rest.join("."), sample.map_index));
}

// Runs are matched as the comparison does: by logical date, else by run id.
function pairOf(dagId, name) {
  const sides = app.ledgers.map((ledger) => runsByKey(ledger).get(dagId + " " + name));
  return sides.some(Boolean) ? sides : null;
}

// Kept: a page of hundreds of runs asks for all of them. The first of several with one key.
function runsByKey(ledger) {
  ledger.runsByKey ??= new Map([...ledger.runs].reverse().map((run) => [run.dag.id + " " + keyOf(run), run]));
  return ledger.runsByKey;
}

function keyOf(run) {
  return run.date === null ? run.id : new Date(run.ledger.began + run.date).toISOString().replace(".000Z", "Z");
}

function openPair(pair, taskId, map) {
  const both = pair.map((run) => run && run.instances.find((one) => one.task.id === taskId && one.map === map));
  const run = pair.find(Boolean);
  if (!both.some(Boolean)) {
    beside(pair);
    return;
  }
  const name = both.find(Boolean).name;
  showPanel(name, [
    h("p", { class: "under" }, run.dag.id + ", " + run.label),
    table(["of it", "A", "B"], rowsBeside(both)),
    both.map((one, at) => section("AB"[at], one ? [
      link("All of it", () => { Object.assign(app, { ledger: one.ledger, dag: one.run.dag }); drawChoices(); openInstance(one); }),
      errorsOf(one), one.ledger.of("logs", one).slice(-1).map((log) => logText(one.ledger, log)),
    ] : h("p", { class: "dim" }, "It has no such task instance."))),
  ]);
}

function rowsBeside(both) {
  const row = (name, value) => {
    const [a, b] = both.map((one) => (one ? value(one) : "–"));
    return [a === b ? name : h("strong", { class: "differs" }, name), a, b];
  };
  const values = [...new Set(both.filter(Boolean).flatMap((one) => one.ledger.of("values", one).map((value) => value.name)))];
  return [
    row("state", (one) => stateName(one.state)), row("tries", (one) => String(one.tries)), row("ran", (one) => span(one.ran)),
    row("waited", (one) => span(one.waited)),
    row("began", (one) => (one.start === null ? "–" : one.ledger.when(one.start))),
    ...values.map((name) => row(name, (one) => (one.ledger.of("values", one).find((value) => value.name === name) || { value: "–" }).value)),
  ];
}

function runsBeside() {
  const names = [...new Map(app.ledgers.flatMap((ledger) => ledger.runs.map((run) => [run.dag.id + " " + keyOf(run), run]))).values()];
  if (!names.length) return null;
  const place = h("div", { id: "beside" });
  const act = (at) => place.replaceChildren(besideTable(pairOf(names[at].dag.id, keyOf(names[at]))));
  const first = Math.max(0, names.findIndex((run) => differs(pairOf(run.dag.id, keyOf(run)))));
  act(first);
  return h("section", {}, h("h2", {}, "A run of both"),
    h("p", { class: "pager" }, select("Run", names.map((run) => (differs(pairOf(run.dag.id, keyOf(run))) ? "≠ " : "= ")
      + run.dag.id + ", " + run.label), first, act)), place);
}

function differs([a, b]) {
  if (a && b && (a.leftOut || b.leftOut)) return a.state !== b.state;
  if (!a || !b || a.state !== b.state || a.instances.length !== b.instances.length) return true;
  return a.instances.some((one, at) => one.state !== b.instances[at].state || one.name !== b.instances[at].name
    || one.tries !== b.instances[at].tries || one.ran !== b.instances[at].ran);
}

function besideTable(pair) {
  const thin = pair.find((run) => run && run.leftOut);
  if (thin) return h("p", { class: "note" }, leftOutText(thin));
  const names = [...new Set(pair.filter(Boolean).flatMap((run) => run.instances.map((one) => one.name)))];
  const of = (run, name) => run && run.instances.find((one) => one.name === name);
  const longest = Math.max(1, ...pair.filter(Boolean).map((run) => run.duration || 0));
  return table(["task", "A", "ran", "of the longest", "B", "ran", "of the longest"], names.map((name) => {
    const both = pair.map((run) => of(run, name));
    const same = both[0] && both[1] && both[0].state === both[1].state && both[0].ran === both[1].ran;
    const side = (one) => (one ? [badge(one.state), span(one.ran), meter(one.ran, longest)] : ["–", "", ""]);
    const some = both.find(Boolean);
    return [h("span", { class: same ? null : "differs" }, link((same ? "" : "≠ ") + name,
      () => openPair(pair, some.task.id, some.map))), ...side(both[0]), ...side(both[1])];
  }));
}

function beside(pair) {
  const place = document.getElementById("beside");
  if (place) place.replaceChildren(besideTable(pair));
}
