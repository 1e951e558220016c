// One thing that is varied: a bar for each of its values. Two: a map, a colour for each pair. More: a map for each of the others.

views.picture = {
  title: "Picture",
  draw(place) {
    const { sweep } = app;
    fill(place, figures(sweep), sweep.keys.length === 1 ? bars(sweep) : maps(sweep), paths(sweep));
  },
};

function figures(sweep) {
  const { fastest, slowest } = sweep;
  const missed = sweep.worlds.map((world) => world.missed);
  const range = Math.min(...missed) === Math.max(...missed) ? String(missed[0]) : Math.min(...missed) + " – " + Math.max(...missed);
  const card = (number, below) => h("div", { class: "figure" }, h("strong", {}, number), h("div", { class: "below" }, below));
  return h("div", { class: "figures" },
    card(many(sweep.worlds.length, "world"), sweep.worlds.length < sweep.asked_for ? "of " + sweep.asked_for + ": it was stopped"
      : sweep.code ? "with the code of tasks" : "by the rules alone"),
    card(span(fastest.makespan), ["the shortest makespan: ", opener(fastest, fastest.name)]),
    card(span(slowest.makespan), ["the longest: ", opener(slowest, slowest.name)]),
    card(range, Math.max(...missed) === 1 ? "missed deadline" : "missed deadlines"));
}

function bars(sweep) {
  const lasted = (world) => (world.longest ? world.longest[2] : 0);
  const [longest, longestRun] = [Math.max(...sweep.worlds.map((world) => world.makespan)), Math.max(...sweep.worlds.map(lasted))];
  const waited = (world) => sweep.causes.reduce((sum, cause) => sum + (world.waits[cause] || 0), 0);
  const waits = Math.max(...sweep.worlds.map(waited), 0);
  const heads = [sweep.keys[0], "makespan", "longest run", "waits, of all task instances", ...sweep.shares.map((one) => "used: " + one)];
  const rows = sweep.worlds.map((world) => [opener(world, world.settings[0]),
    barred([[world.failed ? "is-failed" : "ran", world.makespan]], longest, span(world.makespan)),
    barred([["ran", lasted(world)]], longestRun, span(lasted(world))), stacked(world, waits),
    ...sweep.shares.map((name) => barred([["ran", world.used[name] || 0]], 1, percent(world.used[name] || 0)))]);
  return [h("h2", {}, sweep.keys[0]), table(heads, rows, { class: "plain bars-of-worlds" }), causesLegend(sweep)];
}

// What was waited for in a world, one behind the other.
function stacked(world, whole) {
  const parts = app.sweep.causes.filter((cause) => world.waits[cause]);
  const label = parts.map((cause) => cause + " " + span(world.waits[cause])).join(", ") || "nothing";
  return bar(parts.map((cause) => [tone(cause), world.waits[cause], cause + " " + span(world.waits[cause])]), whole, label);
}

function causesLegend(sweep) {
  return sweep.causes.length ? h("p", { class: "legend" }, sweep.causes.map((cause) => h("span", { class: "tally" },
    h("span", { class: "dot " + tone(cause) }), cause))) : null;
}

function maps(sweep) {
  const measure = sweep.measures.find((one) => one.id === app.measure) || sweep.measures[0];
  const [rows, columns] = [sweep.keys.length - 2, sweep.keys.length - 1];
  const others = (world) => sweep.keys.slice(0, rows).map((key, at) => key + "=" + world.settings[at]).join(", ");
  const groups = new Map();
  for (const world of sweep.worlds) groups.set(others(world), [...(groups.get(others(world)) || []), world]);
  const chooser = select("Shown", sweep.measures.map((one) => one.name), sweep.measures.indexOf(measure), (at) => {
    app.measure = sweep.measures[at].id;
    draw();
    view.querySelector("select").focus();
  });
  return [h("p", { class: "pager" }, chooser), ...[...groups].map(([name, worlds]) => [name ? h("h2", {}, name) : null,
    map(sweep, worlds, measure, rows, columns)]), h("p", { class: "dim" }, "The stronger the colour, the more; a click on a cell tells of its world.")];
}

function map(sweep, worlds, measure, rows, columns) {
  const [low, high] = [least(sweep.worlds, measure), most(sweep.worlds, measure)];
  const at = new Map(worlds.map((world) => [world.settings[rows] + "\n" + world.settings[columns], world]));
  const across = sweep.values(columns);
  const cell = (row, column, first) => {
    const world = at.get(row + "\n" + column);
    if (!world) return h("td", { class: "dim" }, "–");
    const text = measure.text(measure.of(world));
    const made = h("button", { type: "button", class: "heat" + (world.failed ? " failing" : ""), tabindex: first ? "0" : "-1",
      "data-world": world.number, "aria-label": world.name + ": " + measure.name + " " + text + (world.failed ? ", with failed runs" : ""),
      click: () => openWorld(world), keydown: moveCell }, text);
    made.style.setProperty("--heat", Math.round(6 + 44 * (high > low ? (measure.of(world) - low) / (high - low) : 0)) + "%");
    return h("td", {}, made);
  };
  return h("div", { class: "scroll" }, h("table", { class: "map" }, h("caption", {}, measure.name),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, sweep.keys[rows] + " ╲ " + sweep.keys[columns]),
      across.map((one) => h("th", { scope: "col" }, one)))),
    h("tbody", {}, sweep.values(rows).map((row, number) => h("tr", {}, h("th", { scope: "row" }, row),
      across.map((column, place) => cell(row, column, number + place === 0)))))));
}

function moveCell(event) {
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!steps) return;
  const here = event.target.closest("td");
  const row = here.parentElement.parentElement.children[here.parentElement.rowIndex - 1 + steps[0]];
  const next = row && row.children[here.cellIndex + steps[1]] && row.children[here.cellIndex + steps[1]].querySelector("button");
  event.preventDefault();
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function paths(sweep) {
  const { fastest, slowest } = sweep;
  const shown = fastest.makespan === slowest.makespan ? [["Critical path", fastest]]
    : [["Critical path of the fastest", fastest], ["Critical path of the slowest", slowest]];
  return h("div", { class: "paths" }, shown.map(([title, world]) => h("section", {}, h("h2", {}, title + ": " + world.name), criticalPath(world))));
}
