// Findings: how one looks folded and unfolded, which are listed, and the list itself.

const ALL = DATA.findings.flatMap((rows, host) => rows.map((row, index) => ({ host, index, row })));
ALL.sort((a, b) => b.row[FINDING.severity] - a.row[FINDING.severity] || b.row[FINDING.risk] - a.row[FINDING.risk] || a.host - b.host || a.index - b.index);

const badge = (name) => h("span", { class: `badge ${name}` }, h("i", { "aria-hidden": true }, GLYPHS[name]), severityWord(name));
const pips = (risk, word) => h("span", { class: "pips", role: "img", title: `${word}: ${risk}/4`, "aria-label": `${word}: ${risk}/4` },
  [1, 2, 3, 4].map((level) => h("i", { class: level <= risk ? "on" : "" })));

function lives(row) {
  const state = DATA.states[row[FINDING.state]];
  const times = row[FINDING.times];
  return h("span", { class: "lives" },
    row[FINDING.waived] ? h("span", { class: "life waived" }, t("waived")) : null,
    h("span", { class: `life ${state}` }, times > 1 ? t("{state}, time {n}", { state: stateWord(state), n: times }) : stateWord(state)));
}

// bare: without the host, where it stands inside its host
function findingElement({ host, index, row }, bare = false) {
  const rule = DATA.rules[row[FINDING.rule]];
  const detail = atHand(host);
  const object = row[FINDING.object];
  const summary = [
    badge(SEVERITIES[row[FINDING.severity]]),
    bare ? null : h("span", { class: "mono" }, DATA.hosts[host][HOST.name]),
    detail
      ? h("span", { class: "what" }, h("div", { class: "message" }, h("b", { class: "mono" }, object), " ", said(detail.host.findings[index].message)),
        h("div", { class: "check" }, said(rule.title)))
      : h("span", { class: "what" }, h("b", {}, said(rule.title)), " ", h("span", { class: "mono muted" }, object)),
    lives(row), pips(row[FINDING.risk], t("Risk")), h("span", { class: "chevron", "aria-hidden": true }),
  ];
  return unfold(bare ? "finding bare" : "finding", summary, () => withDetail(host, "body", (loadedDetail) => findingBody(loadedDetail, index, rule)));
}

function findingBody(detail, index, rule) {
  const finding = detail.host.findings[index];
  const fact = (name, value) => (value === null ? null : h("span", {}, h("span", { class: "muted" }, `${name} `), value));
  return [
    LARGE ? h("p", {}, said(finding.message)) : null,
    h("div", { class: "two" },
      h("div", {}, h("h4", {}, t("Why it matters")), h("p", {}, said(rule.why))),
      h("div", {}, h("h4", {}, t("What to do")), h("p", {}, said(rule.fix)))),
    finding.limits.length ? limitsTable(finding.limits) : null,
    finding.waiver ? h("p", { class: "notice" }, t("Waived by {owner} until {expires}: {reason}", finding.waiver)) : null,
    h("div", { class: "facts" },
      fact(t("Risk"), `${finding.risk}/4`), fact(t("Risk of the remedy"), `${rule.change_risk}/4`),
      fact(t("State"), stateWord(finding.state)), finding.times > 0 ? fact(t("Found in a row"), finding.times) : null,
      fact(t("First found in run"), finding.first_run), fact(t("Before"), finding.was && severityWord(finding.was)),
      fact(t("Check"), h("code", {}, finding.rule))),
    finding.evidence.map((key) => unfold("fold", t("Evidence: {key}", { key }), () => h("pre", {}, detail.evidence[key] || t("(empty)")))),
  ];
}

// "free_bytes" is "free": the value beside it shows the unit
const measured = (name) => name.replace(/_(bytes|seconds|ratio|count)$/, "").replaceAll("_", " ");

function limitsTable(limits) {
  const drawn = (limit) => typeof limit.value === "number" ? gauge({ ...limit, full: limit.name.endsWith("_ratio") && limit.value <= 1 ? 1 : null }) : "";
  const word = (limit, name) => (limit.shown_limits[name] ? `${limit.direction === "above" ? "≥" : "≤"} ${limit.shown_limits[name]}` : "–");
  return h("table", {},
    h("thead", {}, h("tr", {}, [t("Measured"), "", t("Warning"), t("Critical"), t("Source of the limit")].map((title) => h("th", {}, title)))),
    h("tbody", {}, limits.map((limit) => h("tr", {},
      h("td", {}, h("b", {}, limit.shown), " ", h("span", { class: "muted small" }, measured(limit.name))), h("td", { style: { width: "22%" } }, drawn(limit)),
      h("td", {}, word(limit, "warning")), h("td", {}, word(limit, "critical")), h("td", { class: "muted" }, said(limit.source))))));
}

function wanted({ host, index, row }) {
  if (view.host && !DATA.hosts[host][HOST.name].toLowerCase().includes(view.host.toLowerCase())) return false;
  if (view.system && DATA.hosts[host][HOST.system] !== view.system) return false;
  if (view.domain && DATA.rules[row[FINDING.rule]].domain !== view.domain) return false;
  if (view.state && DATA.states[row[FINDING.state]] !== view.state) return false;
  if (view.waived && (view.waived === "only") !== Boolean(row[FINDING.waived])) return false;
  const severity = SEVERITIES[row[FINDING.severity]];
  if (!view.severities.has(severity === "info" ? "ok" : severity)) return false;
  return !view.text || textOf(host, index, row).includes(view.text.toLowerCase());
}

function textOf(host, index, row) {
  const rule = DATA.rules[row[FINDING.rule]];
  const detail = atHand(host);
  const message = detail ? said(detail.host.findings[index].message) : "";
  return `${DATA.hosts[host][HOST.name]}\n${row[FINDING.object]}\n${rule.id}\n${said(rule.title)}\n${message}`.toLowerCase();
}

function findingsList() {
  const found = ALL.filter(wanted);
  const place = h("div", {});
  place.append(h("p", { class: "muted small", id: "found" }, t("{n} of {all} findings", { n: found.length, all: ALL.length })));
  if (!found.length) place.append(h("div", { class: "card list empty" }, t("No finding matches.")));
  else place.append(h("div", { class: "card list", id: "findings-list" }, view.grouped ? groups(found) : firstOf(found, (item) => findingElement(item))));
  return place;
}

// A long list, its first hundred and then more on demand
function firstOf(items, make) {
  const place = h("div", {}, items.slice(0, view.shown).map(make));
  let shown = Math.min(view.shown, items.length);
  if (shown < items.length) {
    const more = h("button", { class: "plain", onclick: () => {
      place.append(...items.slice(shown, shown + 100).map(make));
      shown = Math.min(shown + 100, items.length);
      if (shown === items.length) line.remove();
      else label.textContent = t("{n} of {all} shown", { n: shown, all: items.length });
    } }, t("Show more"));
    const label = h("span", {}, t("{n} of {all} shown", { n: shown, all: items.length }));
    const line = h("div", { class: "pager" }, label, more);
    return [place, line];
  }
  return place;
}

function groups(found) {
  const byRule = new Map();
  for (const item of found) {
    const rule = item.row[FINDING.rule];
    if (!byRule.has(rule)) byRule.set(rule, []);
    byRule.get(rule).push(item);
  }
  const largest = Math.max(...[...byRule.values()].map((items) => items.length));
  return [...byRule.entries()].map(([number, items]) => {
    const rule = DATA.rules[number];
    const counts = ["critical", "warning", "unknown", "ok"].map((name) => [`fill-${name}`,
      items.filter((item) => SEVERITIES[item.row[FINDING.severity]] === name).length, severityWord(name)]);
    const bar = h("div", { style: { width: `${Math.max(4, 100 * items.length / largest)}%` } }, stacked(counts));
    return unfold("group", [h("span", {}, h("b", {}, said(rule.title)), " ", h("span", { class: "muted small" }, `${domainWord(rule.domain)} · ${rule.id}`)), bar,
      h("span", { class: "small" }, items.length), h("span", { class: "chevron", "aria-hidden": true })],
      () => h("div", {}, firstOf(items, (item) => findingElement(item))), { "data-rule": rule.id });
  });
}
