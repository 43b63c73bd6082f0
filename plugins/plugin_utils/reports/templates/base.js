"use strict";
// What all the page is made from: its data, its words, and elements built from text alone (no HTML is ever parsed).

const DATA = JSON.parse(document.getElementById("data").textContent);
const LARGE = DATA.details === null;
const view = { language: "en", theme: "auto", host: "", system: "", domain: "", state: "", waived: "", text: "", severities: new Set(["critical", "warning", "unknown"]),
  grouped: LARGE, shown: 100, page: 0, order: "worst", name: "", printing: false };

// A row of DATA.hosts, and one of DATA.findings[host]
const HOST = { name: 0, system: 1, score: 2, coverage: 3, problem: 4, counts: 5, domains: 6 };
const FINDING = { rule: 0, object: 1, severity: 2, state: 3, times: 4, risk: 5, waived: 6 };
const SEVERITIES = ["ok", "info", "unknown", "warning", "critical"];
const GLYPHS = { ok: "✓", info: "i", unknown: "?", warning: "!", critical: "✕", none: "–" };

function t(text, values = {}) {
  const translated = (DATA.words[view.language] || {})[text] || text;
  return translated.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// {language: text} of the data
const said = (both) => both[view.language] || both.en;

const severityWord = (name) => ({ ok: t("OK"), info: t("Note"), unknown: t("Unknown"), warning: t("Warning"), critical: t("Critical") })[name];
const stateWord = (name) => ({ new: t("new"), regressed: t("regressed"), persisting: t("persisting"), improved: t("improved"),
  resolved: t("resolved"), not_rechecked: t("not rechecked"), fine: t("fine") })[name];
const domainWord = (name) => ({ hardware: t("Hardware"), os: t("Operating system"), platform: t("Platform"), database: t("Database") })[name];
const percent = (ratio) => `${(ratio * 100).toFixed(ratio === 1 || ratio === 0 ? 0 : 1)} %`;
const when = (moment) => moment.replace("T", " ").replace(/:\d\dZ$/, " UTC");
const grade = (score) => (score >= 90 ? "good" : score >= 70 ? "fair" : "poor");

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [property, wanted] of Object.entries(value)) element.style.setProperty(property, wanted);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false && child !== "") element.append(child);
  return element;
}
const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// A <details> whose inside is made when it is first opened; on paper, findings are open
function unfold(kind, summary, inside, attributes = {}) {
  const element = h("details", { class: kind, ...attributes }, h("summary", {}, summary));
  if (view.printing && kind.startsWith("finding")) { element.open = true; element.append(inside()); }
  element.addEventListener("toggle", () => { if (element.open && element.children.length === 1) element.append(inside()); });
  return element;
}

// One host's document and evidence: at hand in a small fleet's page, else from hosts/N.js beside it
const loaded = new Map();
const waiting = new Map();
const atHand = (number) => (LARGE ? loaded.get(number) : DATA.details[number]);
window.caretaker = (number, detail) => loaded.set(number, detail);

function detailOf(number) {
  if (atHand(number)) return Promise.resolve(atHand(number));
  if (!waiting.has(number)) {
    waiting.set(number, new Promise((resolve, reject) => {
      const script = h("script", { src: `hosts/${number}.js`, onload: () => resolve(atHand(number)), onerror: () => { waiting.delete(number); reject(); } });
      document.head.append(script);
    }));
  }
  return waiting.get(number);
}

// A place that is filled when the host's details are there
function withDetail(number, kind, make) {
  if (atHand(number)) return h("div", { class: kind }, make(atHand(number)));
  const place = h("div", { class: kind }, h("p", { class: "muted" }, t("Loading ...")));
  detailOf(number).then(
    (detail) => place.replaceChildren(...[make(detail)].flat(Infinity).filter(Boolean)),
    () => place.replaceChildren(h("p", { class: "notice" }, t("The file {file} could not be loaded; keep the folder hosts beside this page.", { file: `hosts/${number}.js` }))),
  );
  return place;
}
