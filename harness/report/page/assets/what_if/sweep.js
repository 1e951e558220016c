// The worlds of a sweep, and what is measured of them. Spans are milliseconds.

const app = { sweep: null, view: "picture", measure: null, instance: null, printing: false };
const views = {};
const KINDS = ["pool ", "executor", "limit", "worker", "schedule", "dependency", "retry", "reschedule", "trigger"];

class Sweep {
  constructor(told) {
    Object.assign(this, told);
    this.worlds = told.worlds.map((one, number) => ({ ...one, number,
      name: this.keys.map((key, at) => key + "=" + one.settings[at]).join(", ") }));
    this.measures = this.measured();
  }

  // What is told of a world in one number: its name, how it is got and how it reads; the less, the better.
  measured() {
    const ofSlots = (world) => Object.entries(world.waits).reduce((sum, [cause, ms]) => sum + (this.of_tasks.includes(cause) ? 0 : ms), 0);
    const made = [
      { id: "makespan", name: "Makespan", of: (world) => world.makespan, text: span },
      { id: "longest", name: "Longest run", of: (world) => (world.longest ? world.longest[2] : 0), text: span },
      { id: "waits", name: "Waits for slots", of: ofSlots, text: span },
      ...this.causes.map((cause) => ({ id: "waits " + cause, name: "Waits: " + cause, of: (world) => world.waits[cause] || 0, text: span })),
      ...this.shares.map((name) => ({ id: "used " + name, name: "Used: " + name, of: (world) => world.used[name] || 0, text: percent })),
      { id: "missed", name: "Missed deadlines", of: (world) => world.missed, text: String },
      { id: "failed", name: "Failed runs", of: (world) => world.failed, text: String },
    ];
    return made.filter((one) => one.id === "makespan" || this.worlds.some((world) => one.of(world)));
  }

  // The first of the shortest makespan; of several the one whose longest run is shorter.
  get fastest() {
    return this.worlds.reduce((best, one) => (longer(best, one) ? one : best));
  }

  get slowest() {
    return this.worlds.reduce((worst, one) => (longer(one, worst) ? one : worst));
  }

  values(key) {
    return [...new Set(this.worlds.map((world) => world.settings[key]))];
  }
}

function longer(one, other) {
  const lasted = (world) => (world.longest ? world.longest[2] : 0);
  return one.makespan > other.makespan || (one.makespan === other.makespan && lasted(one) > lasted(other));
}

function percent(share) {
  return Math.round(share * 100) + " %";
}

// The colour of a cause is that of its kind, the same wherever it is shown; pools take turns.
function tone(cause) {
  const kind = KINDS.findIndex((one) => cause.startsWith(one));
  if (kind > 0) return "tone-" + kind;
  return "tone-pool-" + Math.max(app.sweep.causes.filter((one) => one.startsWith("pool ")).indexOf(cause), 0) % 3;
}

function most(worlds, measure) {
  return Math.max(...worlds.map(measure.of), 0);
}

function least(worlds, measure) {
  return Math.min(...worlds.map(measure.of));
}

// A bar of parts: [class, number, title], as long as all of them together are of the whole.
function bar(parts, whole, label) {
  return h("span", { class: "track", role: label ? "img" : null, "aria-label": label || null, "aria-hidden": label ? null : "true" },
    parts.filter(([, number]) => number > 0).map(([kind, number, title]) => {
      const part = h("span", { class: "part " + kind, title });
      part.style.width = Math.max(100 * number / (whole || 1), 0.5) + "%";
      return part;
    }));
}

// A bar with what it says beside it.
function barred(parts, whole, text) {
  return h("span", { class: "barred" }, bar(parts, whole), h("span", {}, text));
}

function opener(world, text) {
  return h("button", { type: "button", class: "link", "data-world": world.number, click: () => openWorld(world) }, text);
}
