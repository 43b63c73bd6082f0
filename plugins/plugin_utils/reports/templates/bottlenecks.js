// Long-term bottlenecks: the fleet's, worst first, with a heat map of the week; and a host's, with chain, evidence and what was ruled out.

const resourceWord = (name) => ({ cpu: t("CPU"), memory: t("Memory"), disk: t("Disk"), filesystem: t("File system"), network: t("Network"), backlog: t("Listen queue"),
  conntrack: t("Connection tracking"), files: t("Open files"), connections: t("Database connections"), locks: t("Locks"), cache: t("Database cache"), log: t("Database log"),
  checkpoints: t("Checkpoints"), work_memory: t("Memory for sorts"), vacuum: t("Vacuum"), plan: t("Statements"), pool: t("Connection pool"), threads: t("Threads"), places: t("Places for connections"),
  queue: t("Queues"), heap: t("Heap"), answers: t("Answers") })[name] || name;
const dayWord = (day) => [t("Mon"), t("Tue"), t("Wed"), t("Thu"), t("Fri"), t("Sat"), t("Sun")][day];

// 168 values from Monday 0:00, each 0 to most; null where nothing is known
function weekMap(rows, most) {
  const left = 130, cell = 5, tall = 14, width = left + 168 * cell, height = rows.length * tall + 16;
  return s("svg", { class: "week-map", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("Hours of the week in which resources are over their limits") },
    rows.map(([word, values], index) => [
      s("text", { x: left - 6, y: index * tall + 11, "text-anchor": "end", "font-size": 10, fill: "currentColor" }, word),
      values.map((value, hour) => s("rect", { class: value === null ? "zone-unknown" : "svg-critical", x: left + hour * cell, y: index * tall + 1, width: cell - 0.4, height: tall - 2,
        opacity: value === null ? 0.25 : Math.max(0.05, Math.min(1, value / (most || 1))) },
      s("title", {}, `${word}, ${dayWord(Math.floor(hour / 24))} ${hour % 24}:00: ${value === null ? t("Unknown") : percent(Math.min(1, value / (most || 1)))}`)))]),
    [0, 1, 2, 3, 4, 5, 6].map((day) => s("text", { x: left + day * 24 * cell, y: height - 3, "font-size": 10, fill: "currentColor" }, dayWord(day))));
}

function bottlenecksSection() {
  const all = DATA.bottlenecks;
  if (!all) return null;
  const table = (heads, rows) => h("div", { class: "table" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", {}, head)))), h("tbody", {}, rows)));
  const counts = (title, numbers, say) => Object.keys(numbers).length
    ? h("div", {}, h("h4", {}, title), h("p", {}, Object.entries(numbers).map(([name, number]) => `${say(name)} ${number}`).join(" · "))) : null;
  const heat = Object.entries(all.heat);
  return h("section", { id: "bottlenecks" },
    h("div", { class: "title" }, h("h2", {}, t("Long-term bottlenecks")),
      h("span", { class: "muted" }, t("{n} of {judged} hosts with enough history; {unseen} with too little, {without} without", { n: all.hosts, judged: all.judged, unseen: all.unseen, without: all.without }))),
    h("div", { class: "card" },
      h("div", { class: "two" }, counts(t("Hosts by class"), all.by_domain, domainWord), counts(t("Hosts by resource"), all.by_resource, resourceWord),
        counts(t("Hosts by system"), all.by_system, (name) => name || "–"), counts(t("Hosts by importance"), all.by_importance, (name) => `${name}:`)),
      all.worst.length ? table([t("Host"), t("System"), t("Class"), t("Resource"), t("Cause"), t("Hours a week"), t("Importance"), t("Confidence")],
        all.worst.map((item) => h("tr", {}, [h("span", { class: "mono" }, item.host), item.system || "–", domainWord(item.domain), resourceWord(item.resource), said(item.cause),
          item.hours, item.importance, percent(item.confidence)].map((value) => h("td", {}, value))))) : h("p", {}, t("No host had a resource over its limit for long.")),
      heat.length ? [h("h4", {}, t("Hours of the week in which resources are over their limits")),
        weekMap(heat.map(([name, row]) => [resourceWord(name), row]), Math.max(...heat.flatMap(([, row]) => row)))] : null));
}

function bottleneckPanels(data) {
  if (!data) return [];
  const list = (title, items) => (items.length ? [h("h4", {}, title), h("ul", {}, items.map((item) => h("li", {}, item)))] : null);
  const verdict = (item) => h("div", { class: "verdict" },
    h("p", {}, h("b", {}, `${domainWord(item.domain)}, ${resourceWord(item.resource)}: `), said(item.message)),
    h("p", { class: "muted" }, item.chain.map(said).join(" ← ")),
    h("p", { class: "small" }, t("{hours} h of business time a week, confidence {confidence}", { hours: item.hours_a_week, confidence: percent(item.confidence) })),
    weekMap([[resourceWord(item.resource), item.week]], 1),
    list(t("What shows it"), item.evidence.map(said)),
    list(t("Who uses most"), item.consumers.map(said)),
    list(t("What was ruled out, or could not be checked"), item.ruled_out.map((other) => `${other.checked ? "✓" : "?"} ${said(other.title)}: ${said(other.why)}`)));
  const ends = data.forecasts.map((item) => t("{name}: {now} now, {limit} in {soon} ({earliest} to {latest})", {
    name: item.name, now: percent(item.now), limit: percent(item.limit), soon: item.in, earliest: item.earliest, latest: item.latest || t("over a year") }));
  const unseen = data.unseen.map((item) => `${resourceWord(item.resource)}: ${said(item.reason)}`);
  return [h("div", { class: "panel" }, h("h3", {}, t("Long-term bottlenecks")),
    data.verdicts.length ? data.verdicts.map(verdict) : h("p", {}, t("Nothing that could be judged was over its limit for long.")),
    list(t("When resources run out"), ends), list(t("Could not be judged"), unseen))];
}
