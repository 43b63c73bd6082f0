// Hosts: the heat map, each row of which unfolds to its host.

const HOSTS_A_PAGE = 25;

const worstOf = (row) => row[HOST.counts].slice(0, 3).reduce((sum, number, index) => sum + number * [1e6, 1e3, 1][index], 0) + (row[HOST.problem] ? 1e9 : 0);
const ORDERS = {
  worst: (a, b) => worstOf(DATA.hosts[b]) - worstOf(DATA.hosts[a]) || a - b,
  name: (a, b) => a - b,
  score: (a, b) => (DATA.hosts[a][HOST.score] ?? -1) - (DATA.hosts[b][HOST.score] ?? -1) || a - b,
  coverage: (a, b) => DATA.hosts[a][HOST.coverage] - DATA.hosts[b][HOST.coverage] || a - b,
};

function hostNumbers() {
  const name = view.name.toLowerCase();
  const numbers = DATA.hosts.map((_, number) => number).filter((number) =>
    !name || DATA.hosts[number][HOST.name].toLowerCase().includes(name) || DATA.hosts[number][HOST.system].toLowerCase().includes(name));
  return numbers.sort(ORDERS[view.order]);
}

function heatMap() {
  const numbers = hostNumbers();
  const pages = Math.max(1, Math.ceil(numbers.length / HOSTS_A_PAGE));
  view.page = Math.min(view.page, pages - 1);
  const shown = numbers.slice(view.page * HOSTS_A_PAGE, (view.page + 1) * HOSTS_A_PAGE);
  const turn = (by) => () => { view.page += by; document.getElementById("heat").replaceWith(heatMap()); };
  return h("div", { id: "heat" },
    h("div", { class: "card heat" }, heatHead(), shown.length ? shown.map((number) => hostElement(number)) : h("div", { class: "empty" }, t("No host matches."))),
    pages > 1 ? h("div", { class: "pager" },
      h("button", { class: "plain", disabled: view.page === 0, onclick: turn(-1) }, t("Previous")),
      t("Page {n} of {all}", { n: view.page + 1, all: pages }),
      h("button", { class: "plain", disabled: view.page === pages - 1, onclick: turn(1) }, t("Next"))) : null);
}

const heatHead = () => h("div", { class: "heat-head" }, h("span", {}, t("Host")), h("span", { class: "system" }, t("System")), h("span", {}, t("Score")),
  h("span", { class: "cover" }, t("Coverage")), DATA.domains.map((domain) => h("span", { class: "domain" }, domainWord(domain))), h("span", { class: "past" }, t("Trend")), h("span"));

function heatCells(number) {
  const row = DATA.hosts[number];
  const detail = atHand(number);
  const score = row[HOST.score];
  return [
    h("span", { class: "name" }, row[HOST.name]),
    h("span", { class: "system muted" }, row[HOST.system]),
    score === null ? h("span", { class: "muted" }, t("none")) : meter(score / 100, grade(score), Math.round(score)),
    h("span", { class: "cover muted" }, percent(row[HOST.coverage])),
    row[HOST.domains].map(([worst, open], index) => {
      const name = row[HOST.problem] ? "unknown" : worst < 0 ? "none" : SEVERITIES[worst];
      const glyph = name === "info" ? GLYPHS.ok : GLYPHS[name];
      const word = name === "none" ? t("nothing judged") : severityWord(name);
      return h("span", { class: `cell ${name}`, title: `${domainWord(DATA.domains[index])}: ${word}${open ? `, ${t("{n} open", { n: open })}` : ""}` }, glyph, open ? ` ${open}` : "");
    }),
    h("span", { class: "past" }, detail ? spark(detail.host.trend) : null),
  ];
}

function hostElement(number) {
  const element = unfold("host", h("div", { class: "row" }, heatCells(number), h("span", { class: "chevron", "aria-hidden": true })),
    () => withDetail(number, "inside", (detail) => hostBody(number, detail)), { id: `host-${number}`, "data-host": DATA.hosts[number][HOST.name] });
  return element;
}

function hostBody(number, detail) {
  const host = detail.host;
  const settingWords = { importance: t("Importance"), security_level: t("Security level"), owner: t("Owner"), role: t("Role"), location: t("Location"),
    warranty_until: t("Warranty until"), support_until: t("Support until") };
  const chip = (name, value) => h("span", { class: "chip" }, `${name} `, h("b", {}, value));
  const waived = host.findings.filter((finding) => finding.waiver);
  const panels = [
    host.trend.length > 1 ? h("div", { class: "panel" }, h("h3", {}, t("Score and open findings of past inspections")), trendChart(host.trend),
      legend([["fill-cover", "", t("Score")], ["fill-critical", "", t("Critical")], ["fill-warning", "", t("Warning")], ["fill-unknown", "", t("Unknown")]])) : null,
    ...bottleneckPanels(detail.bottlenecks),
    ...storagePanels(detail.storage),
  ].filter(Boolean);
  const rows = host.findings.map((finding, index) => ({ host: number, index, row: rowOf(finding) }));
  return [
    h("div", { class: "chips" },
      chip(t("Inspected"), when(host.taken_at)), chip(t("Score"), host.score === null ? t("none") : host.score),
      chip(t("Coverage"), t("{percent} ({judged} of {applicable} checks)", { percent: percent(host.coverage), judged: host.judged, applicable: host.applicable })),
      Object.entries(host.settings).map(([name, value]) => chip(settingWords[name], value))),
    host.problem ? h("p", { class: "notice" }, t("Not inspected: {problem}", { problem: host.problem })) : null,
    panels.length ? h("div", { class: "panels" }, panels) : null,
    rows.length && (DATA.hosts.length > 1 || view.printing) ? h("div", {}, h("h3", {}, t("Findings")), h("div", { class: "card list" }, rows.map((item) => findingElement(item, true)))) : null,
    waived.length ? h("div", {}, h("h3", {}, t("Waived")), h("table", {}, h("thead", {}, h("tr", {}, [t("Check"), t("Object"), t("Reason"), t("Owner"), t("Until")].map((title) => h("th", {}, title)))),
      h("tbody", {}, waived.map((finding) => h("tr", {}, h("td", { class: "mono" }, finding.rule), h("td", { class: "mono" }, finding.object), h("td", {}, finding.waiver.reason),
        h("td", {}, finding.waiver.owner), h("td", {}, finding.waiver.expires)))))) : null,
    host.fine.length ? unfold("fold", t("Verdicts without a problem: {n}", { n: host.fine.length }), () => h("table", {}, h("tbody", {}, host.fine.map((finding) => h("tr", {},
      h("td", {}, badge(finding.severity)), h("td", {}, said(titleOf(finding.rule))), h("td", { class: "mono" }, finding.object), h("td", {}, said(finding.message))))))) : null,
    host.not_applicable.length ? unfold("fold", t("Checks that do not apply: {n}", { n: host.not_applicable.length }), () => h("table", {}, h("tbody", {}, host.not_applicable.map((item) =>
      h("tr", {}, h("td", {}, said(titleOf(item.rule))), h("td", { class: "muted" }, said(item.reason))))))) : null,
    h("p", { class: "muted small" }, t("Evidence archived with sha256 {sha256}", { sha256: host.archive_sha256 })),
  ];
}

const RULE_NUMBERS = new Map(DATA.rules.map((rule, number) => [rule.id, number]));
const titleOf = (rule) => DATA.rules[RULE_NUMBERS.get(rule)].title;
const rowOf = (finding) => [RULE_NUMBERS.get(finding.rule), finding.object, SEVERITIES.indexOf(finding.severity), DATA.states.indexOf(finding.state), finding.times, finding.risk, finding.waiver ? 1 : 0];
