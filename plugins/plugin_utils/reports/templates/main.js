// The page: head, hosts, findings; drawn anew when the language changes.

function topBar() {
  const choose = (language) => () => { view.language = language; draw(); };
  const shade = (name) => () => { view.theme = name; draw(); };
  const button = (pressed, action, text, attributes = {}) => h("button", { "aria-pressed": String(pressed), onclick: action, ...attributes }, text);
  return h("div", { class: "top" }, h("div", {},
    h("span", { class: "brand" }, s("svg", { viewBox: "0 0 24 24", "aria-hidden": true },
      s("path", { d: "M12 2l8 3v6c0 5-3.4 9.3-8 11-4.6-1.7-8-6-8-11V5z", fill: "none", stroke: "currentColor", "stroke-width": 1.8 }),
      s("path", { d: "M7.5 12h2.3l1.5-3.6 2.2 6.4 1.4-2.8h1.6", fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linejoin": "round", "stroke-linecap": "round" })), "Caretaker"),
    h("nav", {}, h("a", { href: "#hosts" }, t("Hosts")), h("a", { href: "#findings" }, t("Findings"))),
    h("div", { class: "controls" },
      h("span", { class: "switch", role: "group", "aria-label": t("Language") },
        button(view.language === "en", choose("en"), "English", { lang: "en", id: "language-en" }), button(view.language === "zh_CN", choose("zh_CN"), "中文", { lang: "zh-CN", id: "language-zh" })),
      h("span", { class: "switch", role: "group", "aria-label": t("Colours") },
        button(view.theme === "auto", shade("auto"), t("Auto")), button(view.theme === "light", shade("light"), t("Light")), button(view.theme === "dark", shade("dark"), t("Dark"), { id: "theme-dark" })),
      h("button", { class: "plain", id: "print-button", onclick: () => window.print() }, t("Print")))));
}

function head() {
  const about = DATA.about;
  const counts = about.counts;
  const states = DATA.states.map((state) => [`state-${state}`, about.states[state], stateWord(state)]);
  const tile = (name, number, word) => h("div", { class: `tile ${name}` }, h("b", {}, number), h("span", {}, word));
  const title = about.recheck_of ? t("Recheck {run}", { run: about.run }) : t("Inspection {run}", { run: about.run });
  return [
    h("div", { class: "head" }, h("h1", {}, title), about.customer ? h("p", {}, about.customer) : null, h("p", { class: "muted" }, when(about.started_at)),
      about.recheck_of ? h("p", { class: "muted" }, t("of run {run}", { run: about.recheck_of })) : null),
    h("div", { class: "cards" },
      h("div", { class: "card rings" },
        ring(about.score, 100, t("Score"), grade(about.score), about.score === null ? "–" : String(about.score), t("of 100")),
        ring(about.coverage, 1, t("Coverage"), "cover", String(Math.round(about.coverage * 1000) / 10), t("% judged"))),
      h("div", { class: "card" },
        h("div", { class: "tiles" },
          tile("critical", counts.critical, t("critical")), tile("warning", counts.warning, t("warnings")), tile("unknown", counts.unknown, t("unknown")),
          tile("waived", counts.waived, t("waived")),
          tile("hosts", counts.hosts - counts.unreached, counts.unreached ? t("hosts, {n} more not reached", { n: counts.unreached }) : t("hosts inspected"))),
        h("h4", {}, t("Since the last inspection")), stacked(states), legend(states))),
  ];
}

function hostsSection() {
  const redraw = () => { view.page = 0; document.getElementById("heat").replaceWith(heatMap()); };
  const orders = { worst: t("Worst first"), name: t("By name"), score: t("By score"), coverage: t("By coverage") };
  return h("section", { id: "hosts" },
    h("div", { class: "title" }, h("h2", {}, t("Hosts")), h("span", { class: "muted screen" }, t("Open a row to see the host")),
      h("span", { class: "right" },
        h("input", { class: "field", type: "search", id: "host-search", placeholder: t("Host or system"), value: view.name, oninput: later((event) => { view.name = event.target.value; redraw(); }) }),
        choice("host-order", view.order, Object.entries(orders), (value) => { view.order = value; redraw(); }))),
    heatMap());
}

function findingsSection() {
  const about = DATA.about;
  const redraw = () => document.getElementById("findings-place").replaceChildren(findingsList());
  const set = (name) => (value) => { view[name] = value; redraw(); };
  const any = (word, names, say = (name) => name) => [["", word], ...names.map((name) => [name, say(name)])];
  const systems = [...new Set(DATA.hosts.map((row) => row[HOST.system]))].filter(Boolean).sort();
  const severity = (name) => h("button", { class: `toggle ${name}`, id: `severity-${name}`, "aria-pressed": String(view.severities.has(name)), onclick: (event) => {
    if (!view.severities.delete(name)) view.severities.add(name);
    event.currentTarget.setAttribute("aria-pressed", String(view.severities.has(name)));
    redraw();
  } }, name === "ok" ? t("Resolved") : severityWord(name));
  return h("section", { id: "findings" },
    h("div", { class: "title" }, h("h2", {}, t("Findings")),
      about.left_out ? h("span", { class: "muted" }, t("The worst {n} of each host; {left} more stand with their hosts", { n: about.most, left: about.left_out })) : null,
      h("span", { class: "right" }, h("button", { class: "toggle", id: "group", "aria-pressed": String(view.grouped), onclick: (event) => {
        view.grouped = !view.grouped;
        event.currentTarget.setAttribute("aria-pressed", String(view.grouped));
        redraw();
      } }, t("Group by check")))),
    h("div", { class: "filters" },
      h("input", { class: "field", type: "search", id: "text", placeholder: t("Search the findings"), value: view.text, oninput: later((event) => set("text")(event.target.value)) }),
      h("input", { class: "field", id: "host", list: "host-names", placeholder: t("All hosts"), value: view.host, oninput: later((event) => set("host")(event.target.value)) }),
      h("datalist", { id: "host-names" }, DATA.hosts.slice(0, 500).map((row) => h("option", { value: row[HOST.name] }))),
      systems.length ? choice("system", view.system, any(t("All systems"), systems), set("system")) : null,
      choice("domain", view.domain, any(t("All domains"), DATA.domains, domainWord), set("domain")),
      choice("state", view.state, any(t("All states"), DATA.states, stateWord), set("state")),
      choice("waived", view.waived, [["", t("Waived or not")], ["not", t("Not waived")], ["only", t("Only waived")]], set("waived")),
      ["critical", "warning", "unknown", "ok"].map(severity)),
    h("div", { id: "findings-place" }, findingsList()));
}

const choice = (id, chosen, options, action) => h("select", { class: "field", id, onchange: (event) => action(event.target.value) },
  options.map(([value, word]) => h("option", { value, selected: value === chosen }, word)));

// Waits until the typing rests
function later(action) {
  let timer = 0;
  return (event) => { clearTimeout(timer); timer = setTimeout(() => action(event), 120); };
}

const darkWished = window.matchMedia("(prefers-color-scheme: dark)");
darkWished.addEventListener("change", shadeNow);
function shadeNow() {
  document.documentElement.dataset.theme = view.theme === "auto" ? (darkWished.matches ? "dark" : "light") : view.theme;
}

function draw() {
  document.documentElement.classList.toggle("large", LARGE);
  shadeNow();
  document.documentElement.lang = view.language === "zh_CN" ? "zh-CN" : "en";
  const anchor = DATA.about.anchor;
  document.getElementById("page").replaceChildren(topBar(), h("main", {}, head(), bottlenecksSection(), remediesSection(), findingsFirst() ? [findingsSection(), hostsSection()] : [hostsSection(), findingsSection()], h("div", { id: "print" })),
    h("footer", {}, t("Made by Caretaker. Coverage is the part of the applicable checks that could be judged; what could not be seen is unknown, never fine."),
      anchor && h("div", { class: "anchor" }, t("Newest anchor of the ledger: line {seq}, SHA-256 {hash}, {at}", anchor))));
  if (DATA.hosts.length === 1) document.getElementById("host-0").open = true;
}
const findingsFirst = () => DATA.hosts.length === 1;

// On paper: the overview, then each host of a small fleet in full instead of the list of findings
window.addEventListener("beforeprint", () => {
  const place = document.getElementById("print");
  if (LARGE || place.children.length) return;
  view.printing = true;
  const numbers = DATA.hosts.map((_, number) => number).sort(ORDERS[view.order]);
  place.append(...numbers.map((number) => h("section", {}, h("h2", {}, DATA.hosts[number][HOST.name]), h("div", { class: "inside" }, hostBody(number, DATA.details[number])))));
  view.printing = false;
});
window.addEventListener("afterprint", () => document.getElementById("print").replaceChildren());

if ((navigator.language || "").toLowerCase().startsWith("zh")) view.language = "zh_CN";
draw();
