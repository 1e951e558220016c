// The tasks of a Dag in layers, coloured by what became of them in one run. Where they stand was computed beforehand.

const NODE = { width: 190, height: 40, across: 250, down: 58, margin: 12 };

views.graph = {
  title: "Graph",
  zoom: null, // what fits, until somebody asks for more
  draw(place) {
    const dag = app.dag;
    if (!dag || !dag.tasks.length) {
      fill(place, h("p", { class: "empty" }, "The ledger tells of no task of this Dag."));
      return;
    }
    const run = app.run && app.run.dag === dag ? app.run : mostTelling(dag) || null;
    app.run = run;
    const zoom = (factor) => () => {
      this.zoom = Math.max(0.2, Math.min(2, (this.zoom || fitting(dag)) * factor));
      drawView();
    };
    fill(place, h("p", { class: "pager" }, runChoice(dag, run),
      h("button", { type: "button", "aria-label": "Smaller", click: zoom(1 / 1.25) }, "−"),
      h("button", { type: "button", "aria-label": "Larger", click: zoom(1.25) }, "+")),
    h("div", { class: "scroll graph-scroll", tabindex: "0", "aria-label": "Graph of " + dag.id }, graphOf(dag, run, this.zoom || fitting(dag))));
    if (run && run.leftOut) fill(place, h("p", { class: "note" }, leftOutText(run)));
    if (dag.runs.length) fill(place, legend());
  },
  selected(instance) {
    for (const one of view.querySelectorAll(".node[aria-current]")) one.removeAttribute("aria-current");
    const node = instance && view.querySelector(`.node[data-task="${instance.task.number}"]`);
    if (node) node.setAttribute("aria-current", "true");
  },
};

function runChoice(dag, run) {
  if (dag.runs.length < 2) return h("span", {}, run ? "run " + run.label : "no run");
  return select("Run", dag.runs.map((one) => (STATES[one.state] || "·") + " " + one.label), dag.runs.indexOf(run), (at) => {
    app.run = dag.runs[at];
    drawView();
    remember();
  });
}

// As large as the view is wide, but readable.
function fitting(dag) {
  const layers = Math.max(...dag.tasks.map((task) => task.layer));
  const width = nodeX(layers) + NODE.width + NODE.margin;
  return Math.max(0.6, Math.min(1, (view.clientWidth - 4) / width));
}

function nodeX(layer) {
  return NODE.margin + layer * NODE.across;
}

function nodeY(row) {
  return NODE.margin + row * NODE.down;
}

function graphOf(dag, run, zoom) {
  const layers = Math.max(...dag.tasks.map((task) => task.layer));
  const rows = Math.max(...dag.tasks.map((task) => task.row), ...[...dag.bends.values()].flat());
  const width = nodeX(layers) + NODE.width + NODE.margin;
  const height = nodeY(rows) + NODE.height + NODE.margin;
  const edges = dag.tasks.flatMap((task) => task.below.map((other) => edge(dag, task, dag.tasks[other])));
  return s("svg", { class: "graph", viewBox: `0 0 ${width} ${height}`, width: width * zoom, height: height * zoom,
    role: "group", "aria-label": "Tasks of " + dag.id },
  s("g", { class: "edges" }, edges), dag.tasks.map((task) => node(task, run)));
}

function edge(dag, from, to) {
  const points = (dag.bends.get(from.number + ">" + to.number) || []).map((row, at) => [from.layer + 1 + at, row]);
  let path = `M${nodeX(from.layer) + NODE.width},${nodeY(from.row) + NODE.height / 2}`;
  let x = nodeX(from.layer) + NODE.width;
  let y = nodeY(from.row) + NODE.height / 2;
  const curve = (toX, toY) => {
    const middle = (x + toX) / 2;
    path += `C${middle},${y} ${middle},${toY} ${toX},${toY}`;
    [x, y] = [toX, toY];
  };
  for (const [layer, row] of points) {
    curve(nodeX(layer), nodeY(row) + NODE.height / 2);
    path += `H${nodeX(layer) + NODE.width}`;
    x = nodeX(layer) + NODE.width;
  }
  curve(nodeX(to.layer), nodeY(to.row) + NODE.height / 2);
  return s("path", { d: path });
}

function shortened(text, most) {
  return text.length <= most ? text : text.slice(0, most - 1) + "…";
}

function node(task, run) {
  const instances = run ? run.ledger.instancesOf(run, task) : [];
  const state = worst(instances.map((one) => one.state));
  const label = task.id + (instances.length > 1 ? " ×" + instances.length : "");
  const open = () => {
    if (run) openCell(run, task, instances);
  };
  return s("g", { class: "node " + stateClass(instances.length ? state : ""), tabindex: "0", role: "button",
    "data-task": task.number, transform: `translate(${nodeX(task.layer)},${nodeY(task.row)})`,
    "aria-label": `${label}, ${stateName(state)}`, click: open, keydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open();
    } },
  s("title", {}, `${task.id}\n${task.operator}\n${stateName(state)}`),
  s("rect", { width: NODE.width, height: NODE.height, rx: 8 }),
  s("rect", { class: "mark", width: 6, height: NODE.height, rx: 3 }),
  s("text", { x: 16, y: 17, class: "name" }, shortened(label, 23)),
  s("text", { x: 16, y: 32, class: "dim" }, shortened(`${STATES[state] || "·"} ${stateName(state)} · ${task.operator.replace(/^_/, "")}`, 27)));
}
