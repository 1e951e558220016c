// Why a task instance waited or did not run, read off the states of all of them.

// Each answer: {title, text, holders}; holders are the task instances that held what was waited for.
function why(instance) {
  const ledger = instance.ledger;
  const found = [];
  const stretches = ledger.stretches(instance);
  const above = instance.task.above.map((number) => instance.run.dag.tasks[number])
    .flatMap((task) => ledger.instancesOf(instance.run, task));
  if (!stretches.length) return [neverLookedAt(instance, above)];
  const upstream = waitedForUpstream(instance, stretches[0], above);
  if (upstream) found.push(upstream);
  for (const stretch of stretches) {
    const lasted = stretch.to === null ? 0 : stretch.to - stretch.from;
    if (stretch.state === "scheduled" && lasted) found.push(...waitedForSlot(instance, stretch));
    else if (stretch.state === "queued" && lasted) found.push(waitedForExecutor(instance, stretch));
    else if (["up_for_retry", "up_for_reschedule", "deferred", "awaiting_input"].includes(stretch.state) && lasted) {
      found.push({ title: stateName(stretch.state) + " for " + span(lasted),
        text: between(ledger, stretch) + (stretch.reason ? ": " + stretch.reason : "") });
    }
  }
  const last = stretches[stretches.length - 1];
  if (["skipped", "upstream_failed", "removed"].includes(last.state) && instance.start === null) {
    found.push(didNotRun(instance, last, above));
  } else if (last.reason && last.state !== "success") {
    found.push({ title: "It is " + stateName(last.state), text: last.reason });
  }
  if (instance.standIn) {
    found.push({ title: "Its own code did not run", text: "The world's entry “" + instance.standIn + "” stood in for it." });
  }
  return found;
}

function between(ledger, stretch) {
  return "from " + ledger.when(stretch.from) + " to " + ledger.when(stretch.to);
}

function neverLookedAt(instance, above) {
  const waiting = above.filter((one) => one.state !== "success" && one.state !== "skipped");
  const run = instance.run;
  return { title: "It came to no state", text: "The run is " + stateName(run.state)
    + (run.reason ? " (" + run.reason + ")" : "") + (waiting.length ? "; upstream of it:" : "."), holders: waiting };
}

function waitedForUpstream(instance, first, above) {
  const start = instance.run.start;
  const ended = above.filter((one) => one.end !== null).sort((a, b) => b.end - a.end);
  if (start === null || first.from <= start || !ended.length) return null;
  return { title: "Waited " + span(first.from - start) + " for what is upstream",
    text: "The run began at " + instance.ledger.when(start) + "; the last upstream task instance ended at "
      + instance.ledger.when(ended[0].end) + ":", holders: [ended[0]] };
}

// How long, within a stretch, fewer than so many slots were free.
function fullFor(holders, slots, needed, stretch) {
  const changes = [];
  for (const one of holders) {
    if (one.to <= stretch.from || one.from >= stretch.to) continue;
    changes.push([Math.max(one.from, stretch.from), one.slots], [Math.min(one.to, stretch.to), -one.slots]);
  }
  changes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [taken, last, full] = [0, stretch.from, 0];
  for (const [at, change] of changes) {
    if (taken + needed > slots) full += at - last;
    [taken, last] = [taken + change, at];
  }
  return full;
}

function within(holders, stretch, self) {
  return holders.filter((one) => one.instance !== self && one.to > stretch.from && one.from < stretch.to)
    .map((one) => one.instance).filter((one, at, all) => all.indexOf(one) === at);
}

// What limits a task instance, in the order in which Airflow asks: {name, slots, needed, holders}.
function limitsOf(instance) {
  const { ledger, task, run } = instance;
  const all = ledger.holders(null);
  const pool = ledger.pools.find((one) => one.name === task.pool);
  const { ofRun, ofTask, ofTaskInRun } = task.limits;
  return [
    { name: "the executor", what: "slots of the executor (parallelism)", slots: ledger.parallelism, holders: all },
    { name: "pool " + task.pool, what: "slots of the pool", slots: pool ? pool.slots : null, needed: task.slots,
      holders: ledger.holders(task.pool) },
    { name: "max_active_tasks of the Dag", what: "places that a run has (max_active_tasks)", slots: ofRun,
      holders: all.filter((one) => one.instance.run === run) },
    { name: "max_active_tis_per_dag of the task", what: "places that the task has (max_active_tis_per_dag)", slots: ofTask,
      holders: all.filter((one) => one.instance.task === task) },
    { name: "max_active_tis_per_dagrun of the task", what: "places that the task has in a run (max_active_tis_per_dagrun)",
      slots: ofTaskInRun, holders: all.filter((one) => one.instance.task === task && one.instance.run === run) },
  ].filter((one) => one.slots !== null && one.slots > 0);
}

// One answer for each limit that was reached meanwhile.
function waitedForSlot(instance, stretch) {
  const { ledger, task } = instance;
  const title = "Waited " + span(stretch.to - stretch.from) + " to be queued";
  const time = between(ledger, stretch);
  if (task.pool && ledger.pools.length && !ledger.pools.some((one) => one.name === task.pool)) {
    return [{ title: title + ": there is no pool " + task.pool, text: time + "; Airflow leaves such a task scheduled for ever." }];
  }
  const found = limitsOf(instance).map((one) => ({ ...one,
    full: fullFor(one.holders, one.slots, one.needed || 1, stretch) })).filter((one) => one.full > 0);
  if (!found.length) {
    return [{ title, text: time + (ledger.leftOut ? "; of what is on this page nothing held what it waited for: the rest is left out of it."
      : "; no limit that the ledger tells of was reached: what the executor of its queue could take,"
      + " or how many instances a loop of the scheduler looks at, is not in it.") }];
  }
  return found.map((one) => ({ title: title + ": " + one.name, holders: within(one.holders, stretch, instance),
    text: time + "; for " + span(one.full) + " of it the " + one.slots + " " + one.what + " had no room for "
      + (one.needed || 1) + ". They were held by:" }));
}

function waitedForExecutor(instance, stretch) {
  const ledger = instance.ledger;
  const running = within(ledger.holders(null), stretch, instance);
  return { title: "Waited " + span(stretch.to - stretch.from) + " in the executor’s queue",
    text: between(ledger, stretch) + (running.length ? "; at work meanwhile:" : "."), holders: running };
}

function didNotRun(instance, last, above) {
  const decided = above.filter((one) => one.state !== "success");
  return { title: "It did not run: " + stateName(last.state),
    text: (last.reason || "Trigger rule " + instance.task.rule + ".") + (decided.length ? " Upstream of it:" : ""),
    holders: decided };
}
