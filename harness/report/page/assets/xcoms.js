// What tasks pushed, how large it was, and which tasks stand right below and may read it.

views.xcoms = {
  title: "XComs",
  about: "What tasks pushed, with the size of its JSON. An arrow goes to the tasks right below, which may read it: who did is "
    + "not in a ledger.",
  draw(place) {
    const flows = flowsOf(app.dag);
    if (!flows.length) {
      fill(place, h("p", { class: "empty" }, "No task of this Dag pushed an XCom."));
      return;
    }
    fill(place, flowGraph(app.dag, flows), table(["task", "key", "pushed", "median", "largest", "of the largest", "in all"], flows.map((one) => [
      one.task.id, h("code", {}, one.key), many(one.sizes.length, "time"), size(median(one.sizes)),
      link(size(Math.max(...one.sizes)), () => openInstance(one.largest), { "aria-label": "the largest, "
        + size(Math.max(...one.sizes)) }), meter(Math.max(...one.sizes), flows.most), size(one.total)])));
  },
};

function flowsOf(dag) {
  const found = new Map();
  for (const run of dag ? dag.runs : []) {
    for (const instance of run.instances) {
      for (const value of run.ledger.of("values", instance)) {
        if (!value.isXcom) continue;
        const name = instance.task.number + " " + value.name;
        if (!found.has(name)) found.set(name, { task: instance.task, key: value.name, sizes: [], total: 0, largest: instance, top: -1 });
        const flow = found.get(name);
        flow.sizes.push(value.bytes);
        flow.total += value.bytes;
        if (value.bytes > flow.top) Object.assign(flow, { top: value.bytes, largest: instance });
      }
    }
  }
  const flows = [...found.values()].sort((a, b) => b.top - a.top);
  flows.most = Math.max(1, ...flows.map((one) => one.top));
  return flows;
}

function meter(bytes, most) {
  const bar = h("span", { class: "fill" });
  bar.style.width = Math.max(1, 100 * bytes / most) + "%";
  return h("span", { class: "meter", "aria-hidden": "true" }, bar);
}

// The graph again, its edges as wide as what was pushed above them.
function flowGraph(dag, flows) {
  const pushed = new Map();
  for (const one of flows) pushed.set(one.task.number, (pushed.get(one.task.number) || 0) + one.total);
  const drawn = graphOf(dag, null, Math.min(0.8, fitting(dag)));
  const edges = [...drawn.querySelectorAll(".edges path")];
  let at = 0;
  for (const task of dag.tasks) {
    for (const other of task.below) {
      const path = edges[at++];
      const bytes = pushed.get(task.number);
      if (!bytes) continue;
      path.classList.add("flow");
      path.style.strokeWidth = (1.5 + Math.log10(1 + bytes) * 1.6).toFixed(1);
      path.append(s("title", {}, `${task.id} → ${dag.tasks[other].id}: ${size(bytes)} in all runs`));
    }
  }
  for (const node of drawn.querySelectorAll(".node")) {
    const bytes = pushed.get(Number(node.dataset.task));
    node.querySelector("text.dim").textContent = bytes ? size(bytes) + " pushed" : "nothing pushed";
    node.setAttribute("tabindex", "-1");
    node.removeAttribute("role");
  }
  return h("div", { class: "scroll graph-scroll", tabindex: "0", "aria-label": "Flow of XComs" }, drawn);
}
