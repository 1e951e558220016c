// What the panel says of one task instance, or of one run.

const MOST_NAMED = 12;

function openInstance(instance) {
  app.instance = instance;
  const { ledger, run, task } = instance;
  const finds = run.findings.filter((one) => one.task === task.id);
  showPanel(instance.name, [
    h("p", { class: "under" }, badge(instance.state), " ", link(run.dag.id + ", " + run.label, () => openRun(run))),
    facts([
      ["Began", instance.start === null ? null : ledger.when(instance.start)],
      ["Ran", instance.start === null ? null : span(instance.ran)],
      ["Waited for slots", instance.waited ? span(instance.waited) : null],
      ["Tries", instance.tries ? instance.tries + " of " + (task.retries + 1) : null],
      ["Operator", task.operator],
      ["Pool", task.pool ? task.pool + ", " + many(task.slots, "slot") : null],
      ["Trigger rule", task.rule === "all_success" ? null : task.rule],
      ["Executor", task.executor],
      ["Stood in", instance.standIn],
    ]),
    errorsOf(instance),
    finds.length ? section("Findings", finds.map(findingCard)) : null,
    whySection(instance),
    section("What it went through", historyOf(instance)),
    logsOf(instance),
    valuesOf(instance, "XComs", (one) => one.isXcom, "It pushed none."),
    valuesOf(instance, "Rendered fields", (one) => !one.isXcom && one.value !== "null", "None were rendered."),
    neighboursOf(instance),
  ]);
  if (views[app.view].selected) views[app.view].selected(instance);
  say(instance.name + " of " + run.label + ": " + stateName(instance.state));
}

function errorsOf(instance) {
  return instance.ledger.of("errors", instance).map((one) => h("div", { class: "error" },
    h("strong", {}, one.type), " in try " + one.try, h("pre", {}, one.message),
    one.where ? h("p", { class: "dim" }, one.where) : null));
}

function whySection(instance) {
  const found = why(instance);
  if (!found.length) return null;
  return section("Why it waited or did not run", found.map((one) => h("div", { class: "why" }, h("strong", {}, one.title),
    h("p", {}, one.text), one.holders && one.holders.length ? named(one.holders, instance) : null)));
}

// Task instances as links, the first of them.
function named(instances, self) {
  const rest = instances.length - MOST_NAMED;
  return h("ul", { class: "named" }, instances.slice(0, MOST_NAMED).map((one) => h("li", {},
    h("span", { class: "dot " + stateClass(one.state) }),
    link((one.run.dag === self.run.dag ? "" : one.run.dag.id + ".") + one.name, () => openInstance(one)),
    h("span", { class: "dim" }, one.run === self.run ? " " + stateName(one.state) : " " + one.run.label))),
  rest > 0 ? h("li", { class: "dim" }, "and " + rest + " more") : null);
}

function historyOf(instance) {
  const { ledger } = instance;
  const rows = ledger.stretches(instance);
  if (!rows.length) return h("p", { class: "dim" }, "Nothing: it came to no state.");
  return table(["try", "state", "since", "for"], rows.map((one) => [one.try, badge(one.state), ledger.when(one.from),
    one.to === null ? "" : span(one.to - one.from)]));
}

function logsOf(instance) {
  const logs = instance.ledger.of("logs", instance);
  if (!logs.length) return section("Log", h("p", { class: "dim" }, "The ledger has none."));
  const last = logs[logs.length - 1];
  return section("Log", logs.map((log) => h("details", { open: log === last },
    h("summary", {}, "Try " + log.try), logText(instance.ledger, log))));
}

function logText(ledger, log) {
  const lines = log.lines.map((number) => ledger.texts[number]);
  return [
    log.cut ? h("p", { class: "note cut" }, many(log.cut, "character") + " before this are left out here; the ledger has them.")
      : null,
    h("pre", { class: "log", tabindex: "0", "aria-label": "Log of try " + log.try },
      lines.map((line) => h("span", { class: levelOf(line) }, line + "\n"))),
  ];
}

function levelOf(line) {
  const level = line.slice(0, 8).trimEnd();
  return ["ERROR", "CRITICAL"].includes(level) ? "level-error" : level === "WARNING" ? "level-warning" : null;
}

function valuesOf(instance, title, which, none) {
  const values = instance.ledger.of("values", instance).filter(which);
  if (!values.length) return section(title, h("p", { class: "dim" }, none));
  return section(title, values.map((one) => h("details", { open: values.length < 4 },
    h("summary", {}, h("code", {}, one.name), one.bytes === null ? null : h("span", { class: "dim" }, " " + size(one.bytes))),
    h("pre", { tabindex: "0", "aria-label": one.name }, one.cut ? one.value : pretty(one.value)),
    one.cut ? h("p", { class: "note cut" }, many(one.cut, "more character") + " in the ledger.") : null)));
}

function neighboursOf(instance) {
  const { run, task, ledger } = instance;
  const lists = [["Upstream", task.above], ["Downstream", task.below]].map(([title, numbers]) => {
    const found = numbers.flatMap((number) => ledger.instancesOf(run, run.dag.tasks[number]));
    return found.length ? section(title, named(found, instance)) : null;
  });
  return lists;
}

function leftOutText(run) {
  return many(run.leftOut, "task instance") + " of this run are left out of the page, which would be too large. The ledger has them.";
}

function openRun(run) {
  app.instance = null;
  app.run = run;
  const { ledger } = run;
  const failed = run.instances.filter((one) => one.state !== "success" && one.state !== "skipped");
  showPanel(run.dag.id + ", " + run.label, [
    h("p", { class: "under" }, badge(run.state), run.reason ? " " + run.reason : ""),
    facts([
      ["Run", h("code", {}, run.id)],
      ["Type", run.type],
      ["Data interval", run.from === null ? null : ledger.when(run.from) + " – " + ledger.when(run.to)],
      ["Due", ledger.when(run.after)],
      ["Began", run.start === null ? null : ledger.when(run.start)],
      ["Waited to begin", run.start !== null && run.after !== null && run.start > run.after ? span(run.start - run.after) : null],
      ["Ended", run.end === null ? null : ledger.when(run.end)],
      ["Took", run.duration === null ? null : span(run.duration)],
      ["Conf", run.conf ? h("pre", {}, pretty(run.conf)) : null],
    ]),
    run.findings.length ? section("Findings", run.findings.map(findingCard)) : null,
    failed.length ? section("Neither successful nor skipped", named(failed, { run })) : null,
    run.leftOut ? h("p", { class: "note" }, leftOutText(run)) : null,
    section("Task instances", table(["task", "state", "ran", "waited"], run.instances.map((one) => [
      link(one.name, () => openInstance(one)), badge(one.state), span(one.ran), one.waited ? span(one.waited) : ""]))),
    h("p", {}, link("Graph of this run", () => show("graph", { run })), " · ",
      link("Gantt chart of this run", () => show("gantt", { run, scope: "run" }))),
  ]);
}
