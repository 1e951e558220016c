// What was found.

views.findings = {
  title: "Findings",
  about: "What the harness found beside the states: refused connections, callbacks that raised, XComs that are too big",
  count: () => app.ledger.findings.length,
  draw(place) {
    const found = app.ledger.findings;
    if (!found.length) {
      fill(place, h("p", { class: "empty" }, "Nothing was found."));
      return;
    }
    const ordered = [...found].sort((a, b) => (a.severity === "error" ? 0 : 1) - (b.severity === "error" ? 0 : 1));
    fill(place, h("div", { class: "cards" }, ordered.map((one) => h("div", {}, findingCard(one), h("p", { class: "under" },
      one.run ? link([one.run.dag.id, one.task].filter(Boolean).join(".") + ", " + one.run.label, () => openFinding(one))
        : one.dag || "")))));
  },
};

function openFinding(finding) {
  const instance = finding.run.instances.find((one) => one.task.id === finding.task);
  if (instance) openInstance(instance);
  else openRun(finding.run);
}
