// What made a world's longest run, with those that had it begin, as long as it was: each step where it stood in time, and what it waited for.

function criticalPath(world) {
  if (!world.chain) return h("p", { class: "empty" }, "No run came to its end.");
  const whole = Math.max(...world.path.map(([, waited, , lasted, , at]) => at + waited + lasted), 1);
  const rows = world.path.map(([task, waited, because, lasted, slack, at]) => {
    const track = bar([["before", at], [because ? "waited " + tone(because) : "before", waited, because], ["ran", lasted, task]], whole);
    return [task, track, span(lasted), because ? span(waited) + " for " + because : "", slack ? span(slack) : ""];
  });
  const [dag, run, lasted] = world.chain;
  return [h("p", { class: "under" }, dag + " " + run + ", " + span(lasted)),
    table(["task", "in time", "lasted", "waited", "slack"], rows, { class: "plain path" }),
    world.left_out ? h("p", { class: "dim" }, many(world.left_out, "short step") + " left out") : null,
    world.nearest ? h("p", { class: "dim" }, "nearest beside it: " + world.nearest[0] + ", " + span(world.nearest[1]) + " of slack") : null];
}

function waitsOf(world) {
  const waits = app.sweep.causes.filter((cause) => world.waits[cause]);
  const whole = Math.max(...waits.map((cause) => world.waits[cause]), 0);
  return waits.length ? table(["for", "of all task instances"], waits.map((cause) => [cause,
    barred([[tone(cause), world.waits[cause]]], whole, span(world.waits[cause]))])) : h("p", { class: "dim" }, "Nothing waited.");
}

function openWorld(world) {
  app.instance = world;
  for (const one of document.querySelectorAll("[data-world]")) {
    if (Number(one.dataset.world) === world.number) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  showPanel(world.name, [
    facts([
      ["Makespan", span(world.makespan)],
      ["Longest run", world.longest ? span(world.longest[2]) : null],
      ["Task instances", world.instances.toLocaleString("en") + (world.unfinished ? ", " + world.unfinished.toLocaleString("en") + " not ended" : "")],
      ["Missed deadlines", world.missed],
      ["Failed runs", world.failed || null],
      ...app.sweep.shares.filter((name) => name in world.used).map((name) => ["Used of " + name, percent(world.used[name])]),
    ]),
    section("Waits", waitsOf(world)),
    section("Critical path", criticalPath(world)),
  ]);
  say(world.name + ": makespan " + span(world.makespan));
}
