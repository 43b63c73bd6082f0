# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a host's history to its long-term bottlenecks and their causes: a pure function.

Each sign is judged at each instance (persistence.py); each one found is traced to its cause (causes.py); signs with one cause make one
verdict. docs/bottlenecks.md tells the method.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..absent import Unknown
from ..findings import Above, Domain
from ..history.series import History, Values
from .business import DAY, Hours, Window, local_seconds, window_of
from .causes import BECAUSE, CAUSES, Cause, Excluded, Shown, Situation
from .circumstances import Circumstances
from .consumers import consumers_of
from .derived import Series
from .forecast import Forecast, daily_p95, forecasts
from .line import Line
from .measures import EVERYWHERE, MEASURES, SIGNS, Measure, Sign
from .persistence import COVERAGE, Course, State, coincides, course_of, saturated

NAMES_SHOWN = 5
DAILY_FACTOR = 0.85             # of the confidence, where only the daily peaks make the bottleneck
UNCHECKED_FACTOR = 0.95         # for each cause that could not be looked for
NO_SAMPLES = "the history holds no samples; switch sysstat on and inspect again after four weeks"
NOT_TOGETHER = "not at the same times"
NOT_MEASURED = "nothing in the history measures it"
TOO_LITTLE = "{coverage_ratio} of the business hours of four weeks are known, {needed_ratio} are needed; let sysstat run throughout"
TEXTS = (NO_SAMPLES, NOT_TOGETHER, NOT_MEASURED, TOO_LITTLE)        # what a reader may see of this file


@dataclass(frozen=True)
class RuledOut:
    """A cause that was looked for; ``checked`` False: it could not be, and ``why`` says why not."""

    title: str
    why: Line
    checked: bool


@dataclass(frozen=True)
class Verdict:
    """One cause and all that follows from it. ``chain``: titles from what is felt down to the cause; ``confidence`` 0 to 1.

    ``persistent_ratio``: share of business time that 3 of 4 weeks reached; ``over_ratio``: of the four weeks; ``hours_a_week`` over limit;
    ``names``: the instances where the cause was found, not those where it is felt: of a slow disk under a server that spills, the server.
    ``week``: the share of known time over the limit in each hour of the local week (168 from Monday 0:00, None where nothing is known).
    ``consumers``: who uses most of it, or why that can't be told.
    """

    cause: str
    domain: Domain
    resource: str
    names: tuple[str, ...]
    message: str
    values: Mapping[str, Any]
    evidence: tuple[Line, ...]
    ruled_out: tuple[RuledOut, ...]
    chain: tuple[str, ...]
    confidence: float
    over_ratio: float
    persistent_ratio: float
    hours_a_week: float
    consumers: tuple[Line, ...]
    week: tuple[float | None, ...]


@dataclass(frozen=True)
class Unseen:
    """A resource that could not be judged."""

    resource: str
    reason: Unknown


@dataclass(frozen=True)
class Diagnosis:
    """``judged``: the resources that were; a resource may be judged at one instance and unseen at another."""

    verdicts: tuple[Verdict, ...]
    forecasts: tuple[Forecast, ...]
    unseen: tuple[Unseen, ...]
    judged: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Traced:
    """A sign with the way down to its cause. ``lowest``: the last sign on that way, where the cause itself was found."""

    course: Course
    lowest: Course
    path: tuple[str, ...]           # ids of signs, then the cause
    answer: Shown
    ruled_out: tuple[RuledOut, ...]


@dataclass(frozen=True)
class Look:
    """All that is known of one host while it is judged."""

    history: History
    series: Series
    window: Window
    hours: Hours
    circumstances: Circumstances
    measures: Mapping[str, Measure]
    courses: Mapping[str, tuple[Course, ...]]       # by sign

    def short(self, sign: str) -> tuple[Course, ...]:
        return tuple(course for course in self.courses.get(sign, ()) if course.state is State.PERSISTENT)


def diagnose(
    history: History, circumstances: Circumstances | None = None, hours: Hours | None = None, until: float | None = None,
    measures: Mapping[str, Measure] = MEASURES, before: Collection[str] = (),
) -> Diagnosis | Unknown:
    """``until``: the end of the four weeks, the end of the history by default; ``before``: causes that the last inspection found.

    Unknown where the history holds nothing at all.
    """
    if not len(history.times):
        return Unknown(NO_SAMPLES)
    hours, circumstances = hours or Hours(), circumstances or Circumstances()
    series = Series(history)
    window = window_of(history, hours, float(history.times[-1]) if until is None else until)
    look = Look(history, series, window, hours, circumstances, measures, {})
    was = frozenset(CAUSES[cause].resource for cause in before if cause in CAUSES)
    look = replace(look, courses={sign.id: tuple(_courses(sign, look, was)) for sign in SIGNS.values()})
    traced = [_trace(course, look) for sign in SIGNS.values() if sign.alone for course in look.short(sign.id)]
    grouped: dict[str, list[Traced]] = {}
    for item in traced:
        grouped.setdefault(item.path[-1], []).append(item)
    verdicts = [_verdict(CAUSES[cause], items, look) for cause, items in grouped.items()]
    return Diagnosis(
        verdicts=tuple(sorted(verdicts, key=lambda item: (-item.hours_a_week, item.cause))),
        forecasts=forecasts(series, window, measures), unseen=tuple(_unseen(look)),
        judged=tuple(dict.fromkeys(SIGNS[sign].resource for sign, courses in look.courses.items()
                                   if any(course.state is not State.UNKNOWN for course in courses))),
        sources=history.sources,
    )


def _courses(sign: Sign, look: Look, was: Collection[str]) -> Iterator[Course]:
    instances = look.series.instances
    told: set[str] = set()
    for way in sign.ways:
        for instance in instances.get(way[0], ()):
            values = [_in_window(look, name, instance) for name in way]
            if instance in told or any(item is None for item in values):
                continue
            told.add(instance)
            pairs = [(look.measures[name], item) for name, item in zip(way, values, strict=True) if item is not None]
            flags = saturated(pairs, look.circumstances.disk_classes.get(instance))
            yield course_of(sign, instance, way, flags, look.window, sign.resource in was)


def _in_window(look: Look, name: str, instance: str) -> Values | None:
    values = look.series.get(name, instance)
    return None if values is None else values[look.window.places]


def _trace(course: Course, look: Look, seen: frozenset[str] = frozenset()) -> Traced:
    """Follow a sign down: the first cause that is confirmed, or sign that goes with it."""
    excluded: list[RuledOut] = []
    situation = Situation(course, look.series, look.window, look.circumstances)
    for name in BECAUSE[course.sign.id]:
        if name in SIGNS:
            found = None if name in seen else _together(course, name, look)
            if found is not None:
                below = _trace(found, look, seen | {course.sign.id})
                return Traced(course, below.lowest, (course.sign.id, *below.path), below.answer, (*excluded, *below.ruled_out))
            if look.courses.get(name):
                excluded.append(RuledOut(SIGNS[name].title, Line(NOT_TOGETHER), True))
            continue
        cause = CAUSES[name]
        answer = cause.test(situation)
        if isinstance(answer, Shown):
            return Traced(course, course, (course.sign.id, cause.id), answer, tuple(excluded))
        excluded.append(_ruled_out(cause, answer))
    raise LookupError(f"no last cause for {course.sign.id}")


def _ruled_out(cause: Cause, answer: Excluded | Unknown) -> RuledOut:
    if isinstance(answer, Excluded):
        return RuledOut(cause.title, Line(answer.why, answer.values), True)
    return RuledOut(cause.title, Line(answer.reason, answer.values), False)


def _together(course: Course, sign: str, look: Look) -> Course | None:
    """The instance of another sign that goes with this one most."""
    fitting = [other for other in look.courses.get(sign, ()) if other.over.any() and coincides(course, other, look.window.weights)]
    weights = look.window.weights
    return max(fitting, key=lambda other: float(weights[course.over & other.over].sum()), default=None)


def _verdict(cause: Cause, items: list[Traced], look: Look) -> Verdict:
    longest = max(items, key=lambda item: (len(item.path), item.course.over_seconds))
    nearest = min(items, key=lambda item: (len(item.path), -item.course.over_seconds))
    named = [item for item in items if len(item.path) == len(nearest.path)]
    names = tuple(dict.fromkeys(item.lowest.instance for item in named if item.lowest.instance))
    deepest = [name for item in items for name in item.path[:-1]]
    names = names or tuple(dict.fromkeys(course.instance for sign in reversed(deepest) for course in look.short(sign) if course.instance))
    over = np.logical_or.reduce([item.course.over for item in items])
    known = np.logical_or.reduce([item.course.known for item in items])
    weights = look.window.weights
    over_ratio = float(weights[over].sum() / max(weights[known].sum(), 1e-9))
    unchecked = sum(not item.checked for item in nearest.ruled_out)
    confidence = cause.confidence * UNCHECKED_FACTOR ** unchecked * min(1.0, max(item.course.coverage_ratio for item in items) / 0.95)
    if all(item.course.daily for item in items):
        confidence *= DAILY_FACTOR
    shown = ", ".join(names[:NAMES_SHOWN]) + (f" (+{len(names) - NAMES_SHOWN})" if len(names) > NAMES_SHOWN else "")
    persistent = max(item.course.persistent_ratio for item in items)
    return Verdict(
        cause=cause.id, domain=cause.domain, resource=cause.resource, names=names, message=cause.message,
        values={"names": shown or cause.resource, "over_ratio": over_ratio, "persistent_ratio": persistent, "confidence_ratio": confidence,
                **nearest.answer.values},
        evidence=tuple(_evidence(items, look)), ruled_out=tuple({item.title: item for item in nearest.ruled_out}.values()),
        chain=(*(SIGNS[name].title for name in longest.path[:-1]), cause.title), confidence=confidence, over_ratio=over_ratio,
        persistent_ratio=persistent, hours_a_week=over_ratio * look.window.seconds / 3600 / len(look.window.week_seconds),
        consumers=consumers_of(cause.resource, names, look.circumstances), week=_week(items, look),
    )


def _evidence(items: list[Traced], look: Look) -> Iterator[Line]:
    """The measures of each sign on the ways down, at the instances where they are worst."""
    signs = dict.fromkeys(name for item in items for name in item.path[:-1])
    for sign in signs:
        courses = sorted((course for course in look.courses[sign] if course.over.any()), key=lambda course: -course.over_seconds)
        for course in courses[:NAMES_SHOWN]:
            for name in course.way:
                measure = look.measures[name]
                level = measure.level(look.circumstances.disk_classes.get(course.instance))
                values = _in_window(look, name, course.instance)
                suffix = _suffix(measure.text)
                if values is not None:
                    yield Line(measure.text, {"instance": course.instance, f"p95_{suffix}": _extreme(values, look.window,
                                                                                                     isinstance(level, Above)),
                                              f"limit_{suffix}": level.warning, "source": level.source})


def _suffix(text: str) -> str:
    """``ratio`` of ``... {p95_ratio} ...``."""
    return text.partition("{p95_")[2].partition("}")[0] or "count"


def _extreme(values: Values, window: Window, above: bool) -> float:
    """The weighted 95th percentile, or the 5th where low is bad."""
    one_day = np.zeros(len(values), dtype=np.int64)
    _days, found = daily_p95(values if above else -values, one_day, window.weights, 0.0)
    return float("nan") if not len(found) else float(found[0]) if above else -float(found[0])


def _week(items: list[Traced], look: Look) -> tuple[float | None, ...]:
    """Of all four weeks, nights and weekends too."""
    history, window = look.history, look.window
    recent = np.flatnonzero((history.times > window.until - 28 * DAY) & (history.times <= window.until))
    local = local_seconds(history.times[recent] - history.seconds[recent] / 2, look.hours, history.utc_offset_seconds)
    hour = (((local // DAY + 3) % 7) * 24 + (local % DAY) // 3600).astype(np.int64)
    weights = history.seconds[recent]
    worst = max(items, key=lambda item: item.course.over_seconds).course
    pairs = [(look.measures[name], values[recent]) for name in worst.way if (values := look.series.get(name, worst.instance)) is not None]
    over, known = saturated(pairs, look.circumstances.disk_classes.get(worst.instance))
    seen = np.bincount(hour[known], weights[known], 168)
    high = np.bincount(hour[over], weights[over], 168)
    return tuple(float(one / all_) if all_ else None for one, all_ in zip(high, seen, strict=True))


def _unseen(look: Look) -> Iterator[Unseen]:
    """Resources of which too little is known, and those that every host has and nobody measured."""
    told: dict[str, list[Course]] = {}
    for sign, courses in look.courses.items():
        told.setdefault(SIGNS[sign].resource, []).extend(courses)
    for resource in EVERYWHERE:
        if not told.get(resource):
            reasons = [reason for (name, reason) in look.history.missing.items() if name.startswith(resource)]
            yield Unseen(resource, reasons[0] if reasons else Unknown(NOT_MEASURED))
    for resource, every in told.items():
        unknown = [course for course in every if course.state is State.UNKNOWN]
        if unknown and len(unknown) * 2 > len(every):
            best = max(course.coverage_ratio for course in unknown)
            yield Unseen(resource, Unknown(TOO_LITTLE, {"coverage_ratio": best, "needed_ratio": COVERAGE}))
