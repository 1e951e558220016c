// Starts the page of a sweep: view and measure stand in the address, so that a link leads back there.

const order = ["picture", "worlds", "findings"];

function show(name) {
  app.view = name;
  draw();
}

function draw() {
  head.choices.replaceChildren(themeButton());
  drawTabs();
  drawView();
  remember();
}

function remember() {
  const parts = [["view", app.view], ["measure", app.measure], ["world", app.instance && app.instance.number]];
  const text = parts.filter(([, value]) => value !== null).map(([name, value]) => name + "=" + encodeURIComponent(value)).join("&");
  try {
    history.replaceState(null, "", "#" + text);
  } catch { /* a page in a frame that may not */ }
}

function begin() {
  app.sweep = new Sweep(JSON.parse(document.getElementById("data").textContent));
  const asked = new URLSearchParams(location.hash.slice(1));
  if (order.includes(asked.get("view"))) app.view = asked.get("view");
  app.measure = asked.get("measure");
  const world = app.sweep.worlds[Number(asked.get("world") ?? -1)];
  document.getElementById("facts").textContent = app.sweep.facts.join(" · ");
  draw();
  if (world) openWorld(world);
  listen();
}

begin();
