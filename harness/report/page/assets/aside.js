// The panel beside the view, which opens and closes, and what it may hold in every page.

const panel = document.getElementById("panel");
let before = null; // what had the focus when the panel was opened

function closePanel() {
  if (panel.hidden) return;
  panel.hidden = true;
  document.body.classList.remove("with-panel");
  app.instance = null;
  for (const one of document.querySelectorAll("[aria-current=true]")) one.removeAttribute("aria-current");
  if (before && before.isConnected) before.focus();
  before = null;
  remember();
  if (views[app.view].selected) views[app.view].selected(null);
}

function showPanel(title, parts) {
  if (panel.hidden) before = document.activeElement;
  const heading = h("h2", { tabindex: "-1" }, title);
  panel.replaceChildren(h("button", { type: "button", class: "close", "aria-label": "Close the details", title: "Esc",
    click: closePanel }, "✕"), heading, ...parts.flat(Infinity).filter(Boolean));
  panel.hidden = false;
  document.body.classList.add("with-panel");
  panel.scrollTop = 0;
  heading.focus({ preventScroll: true });
  remember();
}

function section(title, ...children) {
  return h("section", {}, h("h3", {}, title), children);
}

function findingCard(finding) {
  return h("div", { class: "finding " + (finding.severity === "error" ? "is-error" : "is-warning") },
    h("p", {}, h("code", {}, finding.check), " ", h("span", { class: "dim" }, finding.severity)),
    h("p", { class: "message" }, finding.message),
    finding.fix ? h("p", { class: "dim" }, "fix: " + finding.fix) : null);
}
