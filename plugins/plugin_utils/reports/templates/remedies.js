// The actions that close most of the risk: one for each check, in the order in which they pay.
const SHOWN_ACTIONS = 10;

function remediesSection() {
  const actions = DATA.actions;
  if (!actions.length) return null;
  const heads = [t("Risk closed"), t("Check"), t("Findings"), t("Hosts"), t("Due"), t("Owners"), t("Remedy")];
  const row = (item) => {
    const rule = DATA.rules.find((known) => known.id === item.rule);
    return [percent(item.share), said(rule.title), item.findings, item.hosts, item.due, item.owners.join(", ") || "–", said(rule.fix)];
  };
  return h("section", { id: "remedies" },
    h("div", { class: "title" }, h("h2", {}, t("What to do first")),
      actions.length > SHOWN_ACTIONS ? h("span", { class: "muted" }, t("{n} more close the rest", { n: actions.length - SHOWN_ACTIONS })) : null),
    h("div", { class: "card" }, h("div", { class: "table" }, h("table", {},
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", {}, head)))),
      h("tbody", {}, actions.slice(0, SHOWN_ACTIONS).map((item) => h("tr", {}, row(item).map((value) => h("td", {}, value)))))))));
}
