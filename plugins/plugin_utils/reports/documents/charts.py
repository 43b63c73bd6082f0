# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The charts of a document, as PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .model import SEVERITIES, View

COLOURS = {"critical": "#c0392b", "warning": "#e8a33d", "unknown": "#8a8fa0"}
INK, PALE = "#1f3a5f", "#9db4cf"
WIDTH, DPI = 6.7, 170  # inches, as wide as the text
DAY = 86400.0
LATIN = "DejaVu Sans"  # comes with matplotlib
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "AR PL UMing CN",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
)
FILES = ("notosanscjk", "wqy", "droidsansfallback", "uming", "sourcehansans", "msyh", "simhei", "pingfang")


@cache
def chinese_font() -> str | None:
    """A font of this machine that has Chinese characters. matplotlib's own list may be older than the font."""
    manager = font_manager.fontManager
    for path in font_manager.findSystemFonts():
        if Path(path).name.lower().replace("-", "").startswith(FILES) and all(path != item.fname for item in manager.ttflist):
            manager.addfont(path)
    there = {item.name for item in manager.ttflist}
    return next((name for name in CHINESE if name in there), None)


def can_write(language: str) -> bool:
    return language != "zh_CN" or chinese_font() is not None


def severities(view: View) -> bytes:
    """Findings by domain, stacked by severity."""
    numbers = view.numbers()
    domains = list(reversed(numbers))
    with _fonts():
        figure, axes = _figure(2.3)
        left = [0] * len(domains)
        for severity in SEVERITIES:
            values = [numbers[domain][severity] for domain in domains]
            axes.barh(
                [view.domain_word(domain) for domain in domains],
                values,
                left=left,
                color=COLOURS[severity],
                label=view.severity_word(severity),
                height=0.62,
            )
            left = [before + value for before, value in zip(left, values, strict=True)]
        for place, total in enumerate(left):
            axes.annotate(str(total), (total, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        axes.margins(x=0.08)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9)
        return _png(figure)


def scores(view: View) -> bytes:
    """How many hosts have which score."""
    found = [machine.score for machine in view.hosts if machine.score is not None]
    with _fonts():
        figure, axes = _figure(2.2)
        axes.hist(found, bins=list(range(0, 101, 5)), color=INK, edgecolor="white")
        axes.set_xlabel(view.t("Score of a host"))
        axes.set_ylabel(view.t("Hosts"))
        axes.set_xlim(0, 100)
        axes.yaxis.get_major_locator().set_params(integer=True)
        return _png(figure)


def trend(view: View) -> bytes:
    """Score and coverage of the fleet over its runs."""
    runs = [moment.run for moment in view.trend]
    with _fonts():
        figure, axes = _figure(2.3)
        axes.plot(
            runs,
            [float("nan") if moment.score is None else moment.score for moment in view.trend],
            marker="o",
            color=INK,
            label=view.t("Score"),
        )
        axes.plot(
            runs, [100 * moment.coverage for moment in view.trend], marker="s", color=PALE, linestyle="--", label=view.t("Coverage, %")
        )
        axes.set_ylim(0, 105)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9)
        if len(runs) > 8:
            axes.tick_params(axis="x", rotation=45)
        return _png(figure)


def checks(view: View, most: int) -> bytes:
    """The checks that most hosts fail."""
    grouped = [
        (rule, len({row.host for row in rows if row.severity != "unknown"})) for rule, rows in view.by_rule(view.standing).items()
    ]
    worst = sorted((item for item in grouped if item[1]), key=lambda item: (-item[1], item[0]))[:most][::-1]
    with _fonts():
        figure, axes = _figure(0.8 + 0.26 * len(worst))
        axes.barh([_short(view.title(rule)) for rule, _hosts in worst], [hosts for _rule, hosts in worst], color=INK, height=0.62)
        for place, (_rule, hosts) in enumerate(worst):
            axes.annotate(str(hosts), (hosts, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
        axes.margins(x=0.08)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel(view.t("Hosts"))
        return _png(figure)


def forecast(view: View, most: int) -> bytes:
    """Use so far, and where it leads, of the file systems that are full first."""
    with _fonts():
        figure, axes = _figure(2.8)
        for place, item in enumerate(view.forecasts[:most]):
            (line,) = axes.plot(
                [seconds / -DAY for seconds, _ratio in item.past],
                [100 * ratio for _seconds, ratio in item.past],
                marker="o",
                markersize=3,
                label=_short(f"{item.host} {item.name}"),
                color=f"C{place}",
            )
            if item.used_ratio is not None:
                axes.plot([0, item.full_in_seconds / DAY], [100 * item.used_ratio, 100], linestyle=":", color=line.get_color())
        axes.axhline(100, color="#c0392b", linewidth=0.8)
        axes.axvline(0, color="#888", linewidth=0.8)
        axes.set_ylim(0, 105)
        axes.set_xlim(right=2 * max(30.0, view.forecasts[0].full_in_seconds / DAY))
        axes.set_xlabel(view.t("Days from this inspection"))
        axes.set_ylabel(view.t("Used, %"))
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=7)
        return _png(figure)


def week(rows: Mapping[str, Sequence[float]], days: Sequence[str]) -> bytes:
    """Hours of the week, from Monday 0:00, by resource; the darker, the more hosts for the longer. ``rows``: {resource: 168 values}."""
    with _fonts():
        figure, axes = _figure(0.6 + 0.26 * len(rows))
        axes.imshow([list(row) for row in rows.values()], aspect="auto", cmap="Reds", vmin=0, interpolation="nearest")
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_xticks(range(0, 24 * len(days), 24), list(days))
        return _png(figure)


def _short(text: str, most: int = 44) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _fonts() -> AbstractContextManager[Any]:
    families: Sequence[str] = [name for name in (LATIN, chinese_font()) if name]
    return rc_context({"font.family": list(families), "font.size": 9, "axes.unicode_minus": False, "text.parse_math": False})


def _figure(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
