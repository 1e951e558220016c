// A window of virtual time and the canvas that it is painted on: shared by the Gantt chart and the slots beneath it.

const LEFT = 190; // room for names
const RIGHT = 12;
const MINUTE = 60_000;
const TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE,
  10 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE, 180 * MINUTE, 360 * MINUTE, 720 * MINUTE, 1440 * MINUTE,
  2 * 1440 * MINUTE, 7 * 1440 * MINUTE, 14 * 1440 * MINUTE, 30 * 1440 * MINUTE, 90 * 1440 * MINUTE, 365 * 1440 * MINUTE];

class Span {
  constructor(from, to) {
    this.whole = [from, to];
    this.from = from;
    this.to = to;
  }

  fit() {
    [this.from, this.to] = this.whole;
  }

  // Around an instant that stays where it is.
  zoom(factor, at) {
    const centre = at === undefined ? (this.from + this.to) / 2 : at;
    const length = Math.max(10, Math.min((this.to - this.from) * factor, (this.whole[1] - this.whole[0]) * 1.05));
    const share = (centre - this.from) / (this.to - this.from);
    this.from = centre - share * length;
    this.to = this.from + length;
  }

  pan(share) {
    const by = (this.to - this.from) * share;
    this.from += by;
    this.to += by;
  }

  show(from, to) {
    const length = this.to - this.from;
    if (to > this.from && from < this.to) return;
    this.from = Math.max(this.whole[0], (from + to) / 2 - length / 2);
    this.to = this.from + length;
  }
}

class Painter {
  constructor(canvas, height) {
    const width = canvas.clientWidth || canvas.parentElement.clientWidth || 900;
    const ratio = app.printing ? 2 : devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
    this.width = width;
    this.height = height;
    this.pen = canvas.getContext("2d");
    this.pen.scale(ratio, ratio);
    this.style = getComputedStyle(document.documentElement);
    this.colours = new Map();
    this.pen.font = "12px " + this.style.getPropertyValue("--font");
    this.pen.textBaseline = "middle";
  }

  colour(name) {
    if (!this.colours.has(name)) this.colours.set(name, this.style.getPropertyValue("--" + name).trim() || "#888");
    return this.colours.get(name);
  }

  state(state) {
    return this.colour(stateClass(state));
  }

  x(time, at) {
    return LEFT + (at - time.from) / (time.to - time.from) * (this.width - LEFT - RIGHT);
  }

  at(time, x) {
    return time.from + (x - LEFT) / (this.width - LEFT - RIGHT) * (time.to - time.from);
  }

  box(colour, x, y, width, height, alpha) {
    this.pen.globalAlpha = alpha === undefined ? 1 : alpha;
    this.pen.fillStyle = colour;
    this.pen.fillRect(x, y, width, height);
    this.pen.globalAlpha = 1;
  }

  text(text, x, y, colour, align) {
    this.pen.fillStyle = colour || this.colour("text");
    this.pen.textAlign = align || "left";
    this.pen.fillText(text, x, y);
  }

  // A name left of the chart, shortened to the room that there is.
  name(text, y, colour) {
    let shown = text;
    if (this.pen.measureText(shown).width > LEFT - 16) {
      let keep = Math.min(text.length, 30);
      while (keep > 3 && this.pen.measureText(text.slice(0, keep) + "…").width > LEFT - 16) keep--;
      shown = text.slice(0, keep) + "…";
    }
    this.text(shown, LEFT - 8, y, colour, "right");
  }

  inside(draw) {
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(LEFT, 0, this.width - LEFT, this.height);
    this.pen.clip();
    draw();
    this.pen.restore();
  }

  // Lines of the axis over the whole height, their names at its top.
  axis(time, began, top, withNames) {
    const fits = Math.max(1, Math.floor((this.width - LEFT) / 110));
    const step = TICKS.find((one) => (time.to - time.from) / one <= fits) || TICKS[TICKS.length - 1];
    const first = Math.ceil((began + time.from) / step) * step - began;
    let day = null;
    for (let at = first; at <= time.to; at += step) {
      const x = Math.round(this.x(time, at)) + 0.5;
      this.box(this.colour("line"), x, top, 1, this.height - top);
      if (!withNames) continue;
      const text = when(began + at);
      const today = text.slice(0, 10);
      this.text(step >= 1440 * MINUTE || today !== day ? text.slice(5, step >= 1440 * MINUTE ? 10 : 16) : text.slice(11),
        x + 3, top - 9, this.colour("dim"));
      day = today;
    }
  }
}
