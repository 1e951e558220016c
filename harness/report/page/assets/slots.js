// The slots of a pool or of the executor over time: who held each where few were taken, else how many were.

const MOST_LANES = 16;
const LANE = 12;

function slotCharts(ledger, shown) {
  const names = [...new Set(shown.map((one) => one.task.pool).filter(Boolean))].sort();
  const charts = names.map((name) => {
    const pool = ledger.pools.find((one) => one.name === name);
    return new SlotChart("pool " + name, pool && pool.slots !== null ? pool.slots : null, ledger.holders(name));
  });
  charts.push(new SlotChart("executor", ledger.parallelism, ledger.holders(null)));
  return charts.filter((one) => one.holders.length);
}

class SlotChart {
  constructor(name, slots, holders) {
    this.name = name;
    this.slots = slots;
    this.holders = holders;
    this.steps = steps(holders);
    this.taken = this.steps.reduce((most, one) => Math.max(most, one.taken), 1);
    this.most = slots !== null && slots > this.taken && slots <= MOST_LANES ? slots : this.taken;
    this.lanes = this.most <= MOST_LANES ? inLanes(holders, this.most) : null;
    this.height = this.lanes ? Math.max(this.most * LANE, 32) + 12 : 64;
    this.canvas = h("canvas", { class: "chart slots", role: "img", "aria-label": this.described() });
    this.place = h("div", { class: "slot-chart" }, this.canvas);
  }

  described() {
    return `${this.name}: at most ${this.taken} ${this.ofSlots()} were taken`;
  }

  ofSlots() {
    return this.slots === null ? "slots" : "of " + many(this.slots, "slot");
  }

  paint(time, began) {
    const paint = new Painter(this.canvas, this.height);
    const bottom = this.height - 6;
    paint.axis(time, began, 0, false);
    paint.name(this.name, 14);
    paint.name(`at most ${this.taken} ${this.ofSlots()}`, 30, paint.colour("dim"));
    paint.inside(() => (this.lanes ? this.paintLanes(paint, time) : this.paintSteps(paint, time, bottom)));
    paint.box(paint.colour("line"), LEFT, bottom, paint.width - LEFT, 1);
  }

  paintLanes(paint, time) {
    const top = 4;
    const waiting = app.instance;
    for (const [lane, one] of this.lanes) {
      const x = paint.x(time, one.from);
      const width = Math.max(paint.x(time, one.to) - x - 0.5, 1);
      if (x > paint.width || x + width < LEFT) continue;
      const inTheWay = waiting && one.instance !== waiting && waiting.begin !== null && one.to > waiting.begin
        && one.from < (waiting.start ?? waiting.end);
      const colour = one.instance === waiting ? paint.colour("accent") : inTheWay ? paint.colour("in-the-way")
        : paint.state(one.instance.state);
      paint.box(colour, x, top + lane * LANE + 1, width, LANE - 2, waiting && !inTheWay && one.instance !== waiting ? 0.35 : 0.9);
      if (width > 60) {
        paint.pen.save();
        paint.pen.beginPath();
        paint.pen.rect(x, top + lane * LANE, width, LANE);
        paint.pen.clip();
        paint.pen.font = "10px " + paint.style.getPropertyValue("--font");
        paint.text(one.instance.run.dag.id + "." + one.instance.name, x + 3, top + lane * LANE + LANE / 2, paint.colour("on-state"));
        paint.pen.restore();
      }
    }
    for (let lane = 0; lane <= this.most; lane++) {
      paint.box(paint.colour("line"), LEFT, top + lane * LANE, paint.width - LEFT, 0.5);
    }
  }

  paintSteps(paint, time, bottom) {
    const top = 8;
    const limit = this.slots !== null && this.slots > 0 ? this.slots : null;
    const most = limit !== null && limit <= this.most * 3 ? Math.max(limit, this.most) : this.most;
    const y = (taken) => bottom - taken / most * (bottom - top);
    this.steps.forEach((step, at) => {
      const to = at + 1 < this.steps.length ? this.steps[at + 1].at : step.at;
      if (!step.taken || to < time.from || step.at > time.to) return;
      const x = paint.x(time, step.at);
      const full = limit !== null && step.taken >= limit;
      paint.box(paint.colour(full ? "state-failed" : "accent"), x, y(step.taken), Math.max(paint.x(time, to) - x, 1),
        bottom - y(step.taken), full ? 0.8 : 0.45);
    });
    if (limit !== null && limit <= most) paint.box(paint.colour("state-failed"), LEFT, y(limit), paint.width - LEFT, 1);
  }

  hit(x, y, time) {
    if (!this.lanes || x < LEFT) return null;
    const at = Painter.prototype.at.call({ width: this.canvas.clientWidth }, time, x);
    const found = this.lanes.find(([lane, one]) => lane === Math.floor((y - 4) / LANE) && one.from <= at && at <= one.to);
    return found ? found[1].instance : null;
  }
}

// Each holder in lanes that are free, as many as it takes slots.
function inLanes(holders, slots) {
  const free = new Array(slots).fill(-Infinity);
  const found = [];
  for (const one of holders) {
    let left = one.slots;
    for (let lane = 0; lane < slots && left > 0; lane++) {
      if (free[lane] > one.from) continue;
      free[lane] = one.to;
      found.push([lane, one]);
      left--;
    }
  }
  return found;
}

function steps(holders) {
  const changes = new Map();
  for (const one of holders) {
    changes.set(one.from, (changes.get(one.from) || 0) + one.slots);
    changes.set(one.to, (changes.get(one.to) || 0) - one.slots);
  }
  let taken = 0;
  return [...changes].sort((a, b) => a[0] - b[0]).map(([at, change]) => ({ at, taken: (taken += change) }));
}
