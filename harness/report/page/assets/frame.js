// Around the views: tabs, choices, light and dark. `app` is what is shown, `views` are those there are, `order` is theirs.

const head = { choices: document.getElementById("choices"), tabs: document.getElementById("tabs") };
const view = document.getElementById("view");

function shown() {
  return order.filter((name) => views[name].applies === undefined || views[name].applies());
}

function drawView() {
  const chosen = views[app.view];
  view.replaceChildren();
  view.className = "view-" + app.view;
  view.setAttribute("aria-labelledby", "tab-" + app.view);
  const note = app.note ? app.note() : null;
  if (note) view.append(h("p", { class: "note left-out" }, note));
  if (chosen.about) view.append(h("p", { class: "about" }, chosen.about));
  chosen.draw(view);
}

function drawTabs() {
  head.tabs.replaceChildren(...shown().map((name) => {
    const count = views[name].count ? views[name].count() : 0;
    return h("button", { type: "button", role: "tab", id: "tab-" + name, "aria-controls": "view",
      "aria-selected": String(name === app.view), tabindex: name === app.view ? "0" : "-1", click: () => show(name),
      keydown: moveTab }, views[name].title, count ? h("span", { class: "count" }, count) : null);
  }));
}

function moveTab(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const names = shown();
  show(names[(names.indexOf(app.view) + step + names.length) % names.length]);
  document.getElementById("tab-" + app.view).focus();
  event.preventDefault();
}

function select(label, options, chosen, act) {
  return h("label", {}, h("span", {}, label), h("select", { change: (event) => act(Number(event.target.value)) },
    options.map((one, at) => h("option", { value: at, selected: at === chosen }, one))));
}

function themeButton() {
  return h("button", { type: "button", class: "theme", title: "Light or dark", "aria-label": "Light or dark",
    click: changeTheme }, "◐");
}

function changeTheme() {
  const dark = document.documentElement.dataset.theme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  repaint();
}

// What is painted on a canvas does not follow the style sheet by itself.
function repaint() {
  if (views[app.view].paint) views[app.view].paint();
}

// The page is drawn: from here on it follows keys, the window, light and paper.
function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanel();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("resize", repaint);
  addEventListener("beforeprint", () => { app.printing = true; repaint(); });
  addEventListener("afterprint", () => { app.printing = false; repaint(); });
  performance.mark("ready");
  document.documentElement.dataset.ready = "true";
}
