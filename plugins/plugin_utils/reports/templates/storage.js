// A host's storage, drawn.

function storagePanels(storage) {
  const panel = (title, inside) => h("div", { class: "panel" }, h("h3", {}, title), inside);
  const panels = [
    storage.filesystems && panel(t("File systems"), h("div", { class: "drawn" }, longFirst(storage.filesystems, filesystem))),
    storage.forecasts && panel(t("Capacity forecast"), h("div", { class: "drawn" }, longFirst(storage.forecasts.sort((a, b) => a.full_in_seconds - b.full_in_seconds), forecast))),
    storage.arrays && panel(t("Software RAID"), h("div", { class: "drawn" }, storage.arrays.map(array))),
    storage.volumes && panel(t("RAID volumes"), slots(storage.volumes)),
    storage.raid_disks && panel(t("Disks of RAID controllers"), slots(storage.raid_disks)),
    storage.pools && panel(t("Thin pools and snapshots"), h("div", { class: "drawn" }, storage.pools.map(pool))),
    storage.zfs_pools && panel(t("ZFS pools"), h("div", { class: "drawn" }, longFirst(storage.zfs_pools, filesystem))),
    storage.disk_health && panel(t("Health of the disks"), h("div", { class: "drawn" }, longFirst(storage.disk_health, diskHealth))),
    storage.disks && panel(t("Disks"), slots(storage.disks)),
  ];
  return panels.filter(Boolean);
}

// The first dozen; the others to unfold
function longFirst(items, make) {
  const rest = items.slice(12);
  return [items.slice(0, 12).map(make), rest.length ? unfold("fold", t("{n} more", { n: rest.length }), () => h("div", { class: "drawn" }, rest.map(make))) : null];
}

const glyphOf = (severity) => (severity === "ok" || severity === "info" ? null : h("span", { class: `badge ${severity}` }, h("i", { title: severityWord(severity) }, GLYPHS[severity])));

function level(name, severity, ratio, words, limits = {}) {
  return h("div", { class: "drawn-item" },
    h("div", { class: "line" }, h("span", {}, glyphOf(severity), severity === "ok" || severity === "info" ? "" : " ", h("span", { class: "mono" }, name)), h("span", {}, words)),
    s("svg", { class: "gauge", viewBox: "0 0 100 14", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: ${percent(ratio)}` },
      s("rect", { class: "back", x: 0, y: 3, width: 100, height: 8 }),
      s("rect", { class: `svg-${severity === "ok" || severity === "info" ? "used" : severity}`, x: 0, y: 3, width: Math.max(0.4, 100 * Math.min(1, ratio)), height: 8 }),
      ["warning", "critical"].map((name_) => limits[name_] === null || limits[name_] === undefined ? null
        : s("line", { class: `mark-${name_}`, x1: 100 * limits[name_], x2: 100 * limits[name_], y1: 0, y2: 14, "vector-effect": "non-scaling-stroke" }))));
}

const filesystem = (item) => level(item.name, item.severity, item.used_ratio, [
  t("{used} of {total} used, {free} free", { used: item.used_bytes, total: item.total_bytes, free: item.free_bytes }),
  item.inodes_ratio > 0.5 ? ` · ${t("inodes {percent}", { percent: percent(item.inodes_ratio) })}` : ""], item);

const pool = (item) => level(item.name, item.severity, item.used_ratio, [`${percent(item.used_ratio)} / ${item.total_bytes}`,
  item.metadata_ratio === null ? "" : ` · ${t("metadata {percent}", { percent: percent(item.metadata_ratio) })}`]);

// A flash disk with how much of its life is used up
const diskHealth = (item) => (item.used_ratio === null ? slots([item]) : level(item.name, item.severity, item.used_ratio, `${item.about} · ${t("{percent} of its life used", { percent: percent(item.used_ratio) })}`));

const slot = (item, about) => h("div", { class: `slot ${item.severity}` }, h("b", {}, glyphOf(item.severity), item.severity === "ok" ? "" : " ", item.name || "–"), h("span", { class: "muted" }, about));
const slots = (items) => h("div", { class: "slots" }, items.map((item) => slot(item, item.about)));

function array(item) {
  const kinds = { active: t("active"), failed: t("failed"), spare: t("spare"), missing: t("missing") };
  return h("div", {}, h("div", { class: "drawn-item" }, h("div", { class: "line" }, h("span", {}, glyphOf(item.severity), " ", h("b", {}, item.name)), h("span", {}, item.about))),
    h("div", { class: "slots" }, item.members.map((member) => slot(member, kinds[member.kind]))));
}

// Used space over the past inspections, and on to the day when it is full if it goes on like that
function forecast(item) {
  const width = 460, height = 84, left = 4, right = 4, top = 8, bottom = 16;
  const before = Math.max(...item.past.map(([ago]) => ago), 1);
  const after = Math.min(item.full_in_seconds, Math.max(before, 2 * 365 * 86400));
  const x = (seconds) => left + (width - left - right) * (seconds + before) / (before + after);
  const y = (ratio) => top + (height - top - bottom) * (1 - ratio);
  const [, now] = item.past[item.past.length - 1] || [0, 0];
  const then = now + (1 - now) * after / Math.max(item.full_in_seconds, 1);
  const path = item.past.map(([ago, ratio], index) => `${index ? "L" : "M"}${x(-ago)} ${y(ratio)}`).join("");
  return h("div", { class: "drawn-item" },
    h("div", { class: "line" }, h("span", {}, glyphOf(item.severity), item.severity === "ok" ? "" : " ", h("span", { class: "mono" }, item.name)), h("span", {}, said(item.message))),
    s("svg", { class: "trend forecast", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${item.name}: ${said(item.message)}` },
      s("line", { class: "grid", x1: left, x2: width - right, y1: y(1), y2: y(1) }), s("line", { class: "grid", x1: left, x2: width - right, y1: y(0), y2: y(0) }),
      s("line", { class: "grid", x1: x(0), x2: x(0), y1: y(1), y2: y(0) }),
      s("path", { d: path }), s("path", { class: `ahead ${item.severity}`, d: `M${x(0)} ${y(now)}L${x(after)} ${y(then)}` }),
      s("circle", { cx: x(0), cy: y(now), r: 3 }),
      s("text", { x: x(0), y: height - 4, "text-anchor": x(0) > width * 0.8 ? "end" : "middle" }, t("today {percent}", { percent: percent(now) })),
      s("text", { x: left + 2, y: y(1) + 11 }, "100 %")));
}
