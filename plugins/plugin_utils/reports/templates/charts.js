// Charts, drawn as SVG.

function ring(value, of, label, tone, text, unit) {
  const length = 2 * Math.PI * 42;
  const part = value === null ? 0 : Math.max(0, Math.min(1, value / of));
  return h("figure", { class: "ring" },
    s("svg", { viewBox: "0 0 100 100", role: "img", "aria-label": `${label}: ${text} ${unit}` },
      s("circle", { class: "track", cx: 50, cy: 50, r: 42, fill: "none", "stroke-width": 9 }),
      s("circle", { class: `stroke-${tone}`, cx: 50, cy: 50, r: 42, fill: "none", "stroke-width": 9, "stroke-linecap": part > 0.02 ? "round" : "butt",
        "stroke-dasharray": `${part * length} ${length}`, transform: "rotate(-90 50 50)" }),
      s("text", { x: 50, y: 55, "text-anchor": "middle", "font-size": 24 }, text),
      s("text", { class: "unit", x: 50, y: 69, "text-anchor": "middle", "font-size": 9.5 }, unit)),
    h("figcaption", {}, label));
}

// parts: [[class, number, word]]
function stacked(parts) {
  const total = parts.reduce((sum, part) => sum + part[1], 0);
  return h("div", { class: "bar", role: "img", "aria-label": parts.map(([, number, word]) => `${number} ${word}`).join(", ") },
    parts.filter((part) => part[1]).map(([kind, number, word]) => h("i", { class: kind, title: `${number} ${word}`, style: { width: `${100 * number / total}%` } })));
}

const legend = (parts) => h("div", { class: "legend" }, parts.map(([kind, number, word]) => h("span", {}, h("i", { class: kind }), h("b", {}, number), ` ${word}`)));

function meter(ratio, tone, text) {
  return h("div", { class: "meter" }, h("span", {}, text), h("div", { class: "bar" }, h("i", { class: `fill-${tone}`, style: { width: `${100 * ratio}%` } })));
}

function spark(trend) {
  const points = trend.filter((point) => point.score !== null);
  if (points.length < 2) return h("span", { class: "muted small" }, "");
  const x = (index) => 3 + index * 72 / (points.length - 1);
  const y = (score) => 20 - score * 16 / 100;
  const last = points.length - 1;
  return s("svg", { class: "spark", viewBox: "0 0 78 24", role: "img", "aria-label": points.map((point) => point.score).join(", ") },
    s("path", { d: points.map((point, index) => `${index ? "L" : "M"}${x(index)} ${y(point.score)}`).join("") }),
    s("circle", { cx: x(last), cy: y(points[last].score), r: 2.4 }));
}

// Score as a line over columns of what was open: critical, warning, unknown; a column has its own scale, so its number stands on it
function trendChart(trend) {
  const width = 560, height = 150, left = 28, bottom = 22, top = 10;
  const step = (width - left - 8) / Math.max(trend.length, 4);
  const x = (index) => left + step * (index + 0.5);
  const y = (score) => top + (height - bottom - top) * (1 - score / 100);
  const sum = (point) => (point.counts.critical || 0) + (point.counts.warning || 0) + (point.counts.unknown || 0);
  const most = Math.max(1, ...trend.map(sum));
  const columns = trend.flatMap((point, index) => {
    let base = height - bottom;
    const parts = ["unknown", "warning", "critical"].map((name) => {
      const tall = (point.counts[name] || 0) * (height - bottom - top) * 0.55 / most;
      base -= tall;
      const wide = Math.min(26, step * 0.55);
      return tall ? s("rect", { class: `svg-${name}`, x: x(index) - wide / 2, y: base, width: wide, height: tall, opacity: 0.75 },
        s("title", {}, `${point.run}: ${point.counts[name]} ${severityWord(name)}`)) : null;
    });
    return [...parts, sum(point) ? s("text", { x: x(index), y: base - 3, "text-anchor": "middle" }, sum(point)) : null];
  });
  const scored = trend.map((point, index) => [point, index]).filter(([point]) => point.score !== null);
  const every = Math.ceil(trend.length / 7);
  return s("svg", { class: "trend", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("Score and open findings of past inspections") },
    [0, 50, 100].map((score) => [s("line", { class: "grid", x1: left, x2: width - 4, y1: y(score), y2: y(score) }),
      s("text", { x: left - 5, y: y(score) + 3, "text-anchor": "end" }, score)]),
    columns,
    s("path", { d: scored.map(([point, index], at) => `${at ? "L" : "M"}${x(index)} ${y(point.score)}`).join("") }),
    scored.map(([point, index]) => s("circle", { cx: x(index), cy: y(point.score), r: 3 }, s("title", {}, `${point.run}: ${point.score}`))),
    trend.map((point, index) => index % every ? null : s("text", { x: x(index), y: height - 6, "text-anchor": "middle" }, point.run)));
}

// A measured value on its scale, with its limits; values and limits are numbers
function gauge({ value, warning, critical, direction, full = null }) {
  const limits = [warning, critical].filter((limit) => limit !== null && limit !== undefined);
  const end = full || Math.max(value, ...limits, 0) * 1.2 || 1;
  const x = (number) => Math.max(0, Math.min(100, 100 * number / end));
  const zone = (name, from, to) => s("rect", { class: `zone-${name}`, x: Math.min(x(from), x(to)), y: 3, width: Math.abs(x(to) - x(from)), height: 8 });
  const above = direction !== "below";
  const zones = [];
  if (warning !== null && warning !== undefined) zones.push(zone("warning", warning, above ? end : 0));
  if (critical !== null && critical !== undefined) zones.push(zone("critical", critical, above ? end : 0));
  return s("svg", { class: "gauge", viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": true },
    s("rect", { class: "back", x: 0, y: 3, width: 100, height: 8, rx: 1 }), zones,
    s("rect", { class: "needle", x: Math.max(0, x(value) - 0.5), y: 0, width: 1, height: 14 }));
}
