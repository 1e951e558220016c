// All worlds with all that is measured of them, in the order of any of it.

views.worlds = {
  title: "Worlds",
  count: () => app.sweep.worlds.length,
  sorted: { at: null, descending: false },
  draw(place) {
    const { sweep } = app;
    const { at, descending } = this.sorted;
    const worlds = [...sweep.worlds];
    if (at !== null) worlds.sort((a, b) => (sweep.measures[at].of(a) - sweep.measures[at].of(b)) * (descending ? -1 : 1));
    const heads = sweep.measures.map((one, number) => h("th", { scope: "col",
      "aria-sort": number === at ? (descending ? "descending" : "ascending") : null },
    h("button", { type: "button", class: "sorter", "data-by": number, click: () => this.by(number) }, one.name,
      h("span", { "aria-hidden": "true" }, number === at ? (descending ? " ▼" : " ▲") : ""))));
    fill(place, h("div", { class: "scroll" }, h("table", { class: "plain worlds" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "World"), heads)),
      h("tbody", {}, worlds.map((world) => h("tr", {}, h("th", { scope: "row" }, opener(world, world.name)),
        sweep.measures.map((one) => h("td", {}, one.text(one.of(world))))))))));
  },
  by(number) {
    this.sorted = { at: number, descending: this.sorted.at === number && !this.sorted.descending };
    drawView();
    view.querySelector(`[data-by="${number}"]`).focus();
    say("Sorted by " + app.sweep.measures[number].name + (this.sorted.descending ? ", the most first" : ", the least first"));
  },
};

views.findings = {
  title: "Findings",
  about: "What was found in any of the worlds",
  count: () => app.sweep.findings.length,
  draw(place) {
    const found = app.sweep.findings;
    fill(place, found.length ? h("div", { class: "cards" }, found.map(findingCard)) : h("p", { class: "empty" }, "Nothing was found."));
  },
};
