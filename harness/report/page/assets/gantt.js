// What ran when, in virtual time, and what waited; beneath it the pools and the executor, and who held their slots.

const ROW = 22;
const AXIS = 24;
const MOST_HEIGHT = 520;
const SCOPES = { run: "one run", dag: "all runs of the Dag", all: "all Dags" };
const THIN = new Set(["scheduled", "queued", "up_for_retry", "up_for_reschedule", "deferred", "awaiting_input"]);

views.gantt = {
  title: "Gantt",
  about: "Solid bars ran, in the colour of how they ended; thin ones waited.",
  draw(place) {
    const ledger = app.ledger;
    if (!ledger.instances.length) {
      fill(place, h("p", { class: "empty" }, "No task instance came to a state."));
      return;
    }
    this.rows = rowsOf();
    if (!this.rows.length) {
      this.canvas = null;
      fill(place, h("p", { class: "pager" }, scopeChoice(), runChoice(app.dag, app.run)),
        h("p", { class: "empty" }, app.run && app.run.leftOut ? leftOutText(app.run) : "No task instance came to a state."));
      return;
    }
    const shown = this.rows.flatMap((row) => row.instances);
    this.shown = shown;
    const from = Math.min(...shown.map((one) => one.begin ?? Infinity));
    const to = Math.max(...shown.map((one) => one.end ?? -Infinity));
    const margin = (to - from) * 0.01;
    this.time = new Span(from - margin, to > from ? to + margin : from + 1000);
    const act = (change) => () => { change(); this.paint(); };
    fill(place, h("p", { class: "pager" }, scopeChoice(), app.scope === "run" ? runChoice(app.dag, app.run) : null,
      h("button", { type: "button", "aria-label": "Zoom in", click: act(() => this.time.zoom(0.5)) }, "+"),
      h("button", { type: "button", "aria-label": "Zoom out", click: act(() => this.time.zoom(2)) }, "−"),
      h("button", { type: "button", "aria-label": "Earlier", click: act(() => this.time.pan(-0.3)) }, "←"),
      h("button", { type: "button", "aria-label": "Later", click: act(() => this.time.pan(0.3)) }, "→"),
      h("button", { type: "button", click: act(() => this.time.fit()) }, "all")));
    if (to === from) fill(place, h("p", { class: "note" }, "No virtual time passed here: tasks that neither sleep nor have a "
      + "duration take none. Declare durations: in the world file to see how long a run takes."));
    this.build(place, ledger);
    this.paint();
  },

  build(place, ledger) {
    const height = Math.min(MOST_HEIGHT, this.rows.length * ROW + AXIS + 4);
    this.canvas = h("canvas", { class: "chart" });
    this.area = h("div", { class: "gantt", tabindex: "0", role: "application", "aria-roledescription": "Gantt chart",
      "aria-label": many(this.rows.length, "row") + ". Up and down go through task instances, left and right through time, "
        + "plus and minus zoom, Enter opens the details.",
      scroll: () => this.paint(), keydown: (event) => this.key(event), wheel: (event) => this.wheel(event),
      click: (event) => this.click(event), mousemove: (event) => this.hover(event) },
    h("div", { class: "sticky" }, this.canvas), h("div", { class: "spacer" }));
    this.area.style.height = height + "px";
    this.area.lastChild.style.height = Math.max(0, this.rows.length * ROW + AXIS - height + 4) + "px";
    this.height = height;
    fill(place, this.area);
    this.slots = slotCharts(ledger, this.shown);
    if (this.slots.length) fill(place, h("h2", {}, "Slots"), h("p", { class: "about" },
      "Who held the slots of pools and of the executor meanwhile, of all Dags. Choose a bar to see who is in its way."));
    for (const chart of this.slots) {
      fill(place, chart.place);
      chart.canvas.addEventListener("click", (event) => {
        const found = chart.hit(event.offsetX, event.offsetY, this.time);
        if (found) openInstance(found);
      });
    }
  },

  selected() {
    if (app.instance && app.instance.begin !== null) this.time.show(app.instance.begin, app.instance.end);
    this.paint();
  },

  paint() {
    if (!this.canvas || !this.canvas.isConnected) return;
    const paint = new Painter(this.canvas, this.height);
    const { time } = this;
    const scrolled = this.area.scrollTop;
    const first = Math.floor(scrolled / ROW);
    const last = Math.min(this.rows.length, first + Math.ceil(this.height / ROW) + 1);
    paint.axis(time, app.ledger.began, AXIS - 2, true);
    this.bars = [];
    for (let at = first; at < last; at++) {
      const y = AXIS + at * ROW - scrolled;
      if (y < AXIS - ROW / 2) continue;
      const row = this.rows[at];
      const chosen = app.instance && row.instances.includes(app.instance);
      paint.name(row.name, y + ROW / 2, chosen ? paint.colour("accent") : row.isHead ? paint.colour("text") : paint.colour("dim"));
      paint.inside(() => { for (const one of row.instances) this.bar(paint, one, y); });
    }
    for (const chart of this.slots) chart.paint(time, app.ledger.began);
  },

  bar(paint, instance, y) {
    if (instance.begin === null) return;
    const { time } = this;
    if (instance.end < time.from || instance.begin > time.to) return;
    const rows = instance.ledger.rows;
    const left = paint.x(time, instance.begin);
    const right = Math.max(paint.x(time, instance.end), left + 3);
    for (let row = instance.first; row < instance.last; row++) {
      const state = rows.state[row];
      const x = paint.x(time, rows.at[row]);
      const width = paint.x(time, instance.ledger.until(instance, row)) - x;
      if (THIN.has(state) && width > 0) paint.box(paint.state(state), x, y + 9, width, 4);
      if (state === "running") paint.box(paint.state(row + 1 < instance.last ? rows.state[row + 1] : state), x, y + 4, Math.max(width - 0.5, 3), ROW - 8);
    }
    if (instance.start === null) paint.box(paint.state(instance.state), right - 3, y + 6, 3, ROW - 12);
    if (instance === app.instance) {
      paint.pen.strokeStyle = paint.colour("accent");
      paint.pen.lineWidth = 2;
      paint.pen.strokeRect(left - 2, y + 2, right - left + 4, ROW - 4);
    }
    this.bars.push({ instance, left: left - 2, right: right + 2, top: y, bottom: y + ROW });
  },

  find(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const hit = this.bars.filter((one) => x >= one.left && x <= one.right && y >= one.top && y < one.bottom);
    return hit.length ? hit[hit.length - 1].instance : null;
  },

  click(event) {
    const found = this.find(event);
    if (found) openInstance(found);
  },

  hover(event) {
    const found = this.find(event);
    this.canvas.title = found ? described(found) : "";
    this.canvas.style.cursor = found ? "pointer" : "default";
  },

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    const amount = event.deltaY || event.deltaX;
    if (event.shiftKey) this.time.pan(amount / 1000);
    else {
      const paint = { width: this.canvas.clientWidth };
      this.time.zoom(amount > 0 ? 1.2 : 1 / 1.2, Painter.prototype.at.call(paint, this.time, event.offsetX));
    }
    this.paint();
  },

  key(event) {
    const acts = { ArrowLeft: () => this.time.pan(-0.1), ArrowRight: () => this.time.pan(0.1), "+": () => this.time.zoom(0.7),
      "=": () => this.time.zoom(0.7), "-": () => this.time.zoom(1 / 0.7), Home: () => this.time.fit(),
      ArrowUp: () => this.move(-1), ArrowDown: () => this.move(1) };
    if (event.key === "Enter" && app.instance) openInstance(app.instance);
    else if (acts[event.key]) acts[event.key]();
    else return;
    event.preventDefault();
    this.paint();
  },

  move(by) {
    const at = this.shown.indexOf(app.instance);
    const next = this.shown[Math.max(0, Math.min(this.shown.length - 1, at < 0 ? 0 : at + by))];
    app.instance = next;
    const row = this.rows.findIndex((one) => one.instances.includes(next));
    if (next.begin !== null) this.time.show(next.begin, next.end);
    this.area.scrollTop = Math.min(this.area.scrollTop, row * ROW);
    this.area.scrollTop = Math.max(this.area.scrollTop, (row + 1) * ROW + AXIS - this.height);
    say(described(next));
  },
};

function described(instance) {
  const { ledger } = instance;
  const parts = [instance.name, instance.run.label, stateName(instance.state)];
  if (instance.waited) parts.push("waited " + span(instance.waited));
  if (instance.start !== null) parts.push("ran " + span(instance.ran) + " from " + ledger.when(instance.start));
  return parts.join(", ");
}

function scopeChoice() {
  const names = Object.keys(SCOPES);
  return select("Show", Object.values(SCOPES), names.indexOf(app.scope), (at) => {
    app.scope = names[at];
    drawView();
  });
}

// The run that is shown where none was chosen.
function mostTelling(dag) {
  const failed = dag.runs.find((run) => run.state === "failed")
    || dag.runs.find((run) => run.instances.some((one) => one.state === "failed"));
  return failed || [...dag.runs].reverse().find((run) => run.end !== null) || dag.runs[dag.runs.length - 1];
}

function rowsOf() {
  const { dag } = app;
  if (app.scope === "run") {
    const run = app.run && app.run.dag === dag ? app.run : mostTelling(dag);
    app.run = run || null;
    const begun = run ? [...run.instances].sort((a, b) => (a.begin ?? Infinity) - (b.begin ?? Infinity)) : [];
    if (begun.length || (run && run.leftOut)) return begun.map((one) => ({ name: one.name, instances: [one] }));
  }
  const dags = app.scope === "all" ? app.ledger.dags : [dag];
  return dags.flatMap((one) => one.tasks.map((task) => ({
    name: app.scope === "all" ? one.id + "." + task.id : task.id,
    instances: one.runs.flatMap((run) => run.instances.filter((instance) => instance.task === task)),
  }))).filter((row) => row.instances.length);
}
