// A ledger out of its columns: Dags, tasks, runs, task instances and the states that they went through.

const AT_WORK = new Set(["running", "queued"]);
const WAITS = new Set(["scheduled", "queued"]);
const FINAL = new Set(["success", "failed", "skipped", "upstream_failed", "removed", ""]);

class Ledger {
  constructor(told) {
    Object.assign(this, { name: told.name, facts: told.facts, isWhole: told.is_whole, texts: told.texts });
    this.began = told.began;
    this.end = told.ended;
    this.parallelism = told.parallelism;
    this.pools = told.pools.map(([name, slots, includeDeferred]) => ({ name, slots, includeDeferred }));
    this.dags = told.dags.map((dag, number) => this.dag(dag, number));
    this.readRuns(told.runs);
    this.readLeftOut(told.left_out, told.state_names);
    this.readStates(told.states, told.state_names);
    this.readInstances(told.instances);
    this.readFindings(told.findings);
    this.errors = this.byInstance(told.errors, (at) => ({
      try: told.errors.try[at], type: this.texts[told.errors.type[at]],
      message: this.texts[told.errors.message[at]], where: this.texts[told.errors.where[at]],
    }));
    this.logs = this.byInstance(told.logs, (at) => ({
      try: told.logs.try[at], lines: told.logs.lines[at], cut: told.logs.cut[at],
    }));
    this.values = this.byInstance(told.values, (at) => ({
      name: this.texts[told.values.name[at]], value: this.texts[told.values.value[at]], cut: told.values.cut[at],
      bytes: told.values.bytes[at], isXcom: told.values.bytes[at] !== null,
    }));
  }

  dag(told, number) {
    const dag = { number, id: told.id, runs: [], tasks: [], bends: new Map(), ledger: this };
    const columns = told.tasks;
    dag.tasks = columns.id.map((id, at) => ({
      dag, number: at, id, operator: this.texts[columns.operator[at]], pool: this.texts[columns.pool[at]],
      slots: columns.slots[at], retries: columns.retries[at], rule: this.texts[columns.rule[at]],
      queue: this.texts[columns.queue[at]], executor: this.texts[columns.executor[at]], layer: columns.layer[at],
      limits: { ofRun: columns.of_run[at], ofTask: columns.of_task[at], ofTaskInRun: columns.of_task_in_run[at] },
      row: columns.row[at], below: columns.below[at], above: [],
    }));
    for (const task of dag.tasks) for (const other of task.below) dag.tasks[other].above.push(task.number);
    for (const [from, to, ...rows] of columns.bends) dag.bends.set(from + ">" + to, rows);
    return dag;
  }

  readRuns(columns) {
    this.runs = columns.id.map((id, number) => ({
      ledger: this, number, id, dag: this.dags[columns.dag[number]], type: this.texts[columns.type[number]],
      date: columns.date[number], after: columns.after[number], from: columns.from[number], to: columns.to[number],
      start: columns.start[number], end: columns.end[number], conf: this.texts[columns.conf[number]],
      stateNumber: columns.state[number], reason: this.texts[columns.reason[number]], count: columns.instances[number],
      instances: [], findings: [],
    }));
    for (const run of this.runs) {
      run.label = run.date === null ? run.id : dated(this.began + run.date);
      run.duration = run.end === null || run.start === null ? null : run.end - run.start;
      run.dag.runs.push(run);
    }
  }

  // What a page has no room for: null where it has all. Of a run, how many of its task instances.
  readLeftOut(told, names) {
    this.leftOut = null;
    for (const run of this.runs) run.leftOut = told ? told.instances[run.number] : 0;
    if (!told) return;
    const sum = (counts) => counts.reduce((all, [, count]) => all + count, 0);
    const tally = (counts) => counts.map(([state, count]) => [names[state], count]);
    const here = this.runs.reduce((all, run) => all + run.count, 0);
    this.leftOut = { allRuns: sum(told.runs), runs: sum(told.runs) - this.runs.length, runStates: tally(told.runs),
      allInstances: sum(told.states), instances: sum(told.states) - here, states: tally(told.states) };
  }

  // The rows of all states: `at` counts from the ledger's first instant.
  readStates(columns, names) {
    this.rows = { state: columns.state.map((one) => names[one]), try: columns.try, after: columns.after, at: [],
      reason: columns.reason };
    for (const run of this.runs) run.state = names[run.stateNumber];
  }

  readInstances(columns) {
    this.instances = [];
    let row = 0;
    for (const run of this.runs) {
      for (let one = 0; one < run.count; one++) {
        const number = this.instances.length;
        const instance = { ledger: this, number, run, task: run.dag.tasks[columns.task[number]], map: columns.map[number],
          standIn: this.texts[columns.stood_in[number]], first: row, last: row + columns.states[number] };
        let at = run.after === null ? 0 : run.after;
        for (; row < instance.last; row++) {
          at += this.rows.after[row];
          this.rows.at[row] = at;
        }
        this.sum(instance);
        run.instances.push(instance);
        this.instances.push(instance);
      }
    }
  }

  sum(instance) {
    const { first, last } = instance;
    const none = first === last;
    instance.state = none ? "" : this.rows.state[last - 1];
    instance.tries = 0;
    instance.waited = instance.ran = 0;
    instance.start = instance.stop = null;
    for (let row = first; row < last; row++) {
      instance.tries = Math.max(instance.tries, this.rows.try[row]);
      const state = this.rows.state[row];
      const to = this.until(instance, row);
      if (WAITS.has(state)) instance.waited += to - this.rows.at[row];
      if (state !== "running") continue;
      instance.ran += to - this.rows.at[row];
      if (instance.start === null) instance.start = this.rows.at[row];
      instance.stop = to;
    }
    instance.begin = none ? null : this.rows.at[first];
    instance.end = none ? null : this.until(instance, last - 1);
    instance.name = instance.task.id + (instance.map < 0 ? "" : "[" + instance.map + "]");
  }

  // The end of a state: the next one's begin. What is not over is so as far as the ledger goes.
  until(instance, row) {
    if (row + 1 < instance.last) return this.rows.at[row + 1];
    return FINAL.has(this.rows.state[row]) ? this.rows.at[row] : Math.max(this.end, this.rows.at[row]);
  }

  // What a task instance went through: `to` is null of the state that it came to in the end.
  stretches(instance) {
    const found = [];
    for (let row = instance.first; row < instance.last; row++) {
      found.push({ state: this.rows.state[row], try: this.rows.try[row], from: this.rows.at[row],
        to: row + 1 < instance.last || !FINAL.has(this.rows.state[row]) ? this.until(instance, row) : null,
        reason: this.texts[this.rows.reason[row]] });
    }
    return found;
  }

  readFindings(columns) {
    this.findings = columns.run.map((number, at) => ({
      run: number < 0 ? null : this.runs[number], at: columns.at[at], line: columns.line[at],
      dag: this.texts[columns.dag[at]], task: this.texts[columns.task[at]], check: this.texts[columns.check[at]],
      severity: this.texts[columns.severity[at]], message: this.texts[columns.message[at]],
      fix: this.texts[columns.fix[at]],
    }));
    for (const finding of this.findings) if (finding.run) finding.run.findings.push(finding);
  }

  byInstance(columns, row) {
    const found = new Map();
    columns.instance.forEach((number, at) => {
      if (!found.has(number)) found.set(number, []);
      found.get(number).push(row(at));
    });
    return found;
  }

  of(what, instance) {
    return this[what].get(instance.number) || [];
  }

  when(at) {
    return at === null || at === undefined ? "–" : when(this.began + at);
  }

  instancesOf(run, task) {
    return run.instances.filter((one) => one.task === task);
  }

  // Who held slots: of a pool, or (null) of all. In the order in which they took them.
  holders(pool) {
    this.held ??= new Map();
    if (this.held.has(pool)) return this.held.get(pool);
    const known = this.pools.find((one) => one.name === pool);
    const found = [];
    for (const instance of this.instances) {
      if (pool !== null && instance.task.pool !== pool) continue;
      for (let row = instance.first; row < instance.last; row++) {
        const state = this.rows.state[row];
        if (!AT_WORK.has(state) && !(state === "deferred" && known && known.includeDeferred)) continue;
        const [from, to] = [this.rows.at[row], this.until(instance, row)];
        const before = found[found.length - 1];
        if (to === from) continue;
        if (before && before.instance === instance && before.to === from) before.to = to;
        else found.push({ instance, from, to, slots: pool === null ? 1 : instance.task.slots });
      }
    }
    found.sort((a, b) => a.from - b.from || a.instance.number - b.instance.number);
    this.held.set(pool, found);
    return found;
  }
}
