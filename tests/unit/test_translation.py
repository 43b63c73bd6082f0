# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text that a reader of the report may see is a literal in the code, and every language has it with the same placeholders."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugins.plugin_utils.bottleneck.causes import CAUSES
from plugins.plugin_utils.bottleneck.consumers import TEXTS as CONSUMER_TEXTS
from plugins.plugin_utils.bottleneck.diagnosis import TEXTS as DIAGNOSIS_TEXTS
from plugins.plugin_utils.bottleneck.measures import MEASURES, SIGNS
from plugins.plugin_utils.notification import TEXTS as NOTIFICATION_TEXTS
from plugins.plugin_utils.registry import RULES
from plugins.plugin_utils.reports import translation
from plugins.plugin_utils.reports.page import interface_texts
from plugins.plugin_utils.reports.translation import LANGUAGES, catalogue, texts_of, translator

PLUGIN_UTILS = Path(translation.__file__).parents[1]
CORE = ("archive", "comparison", "inspection", "outcome")
SOURCES = sorted([*(PLUGIN_UTILS / "facts").glob("*.py"), *(PLUGIN_UTILS / "rules").glob("*.py"),
                  *(PLUGIN_UTILS / "bottleneck" / f"{name}.py" for name in ("causes", "circumstances", "facts")),
                  *(PLUGIN_UTILS / f"{name}.py" for name in CORE)])
# Where a call has its message: by position and by name
MESSAGE_AT = {"Excluded": (0, "why"), "Unknown": (0, "reason"), "NotHere": (0, "reason"), "Unreadable": (0, "reason"), "Finding": (2, "message"), "Judged": (3, "message")}
TRANSLATED = [language for language in LANGUAGES if language != "en"]
FILES = sorted(translation.LOCALES.glob("*/LC_MESSAGES/*.po"))


Names = dict[str, list[ast.expr]]       # {name: all that is assigned to it}


@dataclass(frozen=True)
class Message:
    """A literal, or None where the code builds the text."""

    text: str | None
    where: str


class Collector:
    """Finds the literals that reach a message: directly, or by way of a name, a parameter, a table or a function's result."""

    def __init__(self, paths: list[Path]) -> None:
        self.trees = {path: ast.parse(path.read_text("utf-8")) for path in paths}
        self.functions: dict[str, list[ast.FunctionDef]] = {}
        self.constants: Names = {}
        self.calls: dict[str, list[tuple[ast.Call, Names]]] = {}
        for tree in self.trees.values():
            assigned(self.constants, tree.body)
            for function in functions_of(tree):
                self.functions.setdefault(function.name, []).append(function)
        for tree in self.trees.values():
            for scope, names in self.scopes(tree):
                for call in own_calls(scope):
                    self.calls.setdefault(called(call), []).append((call, names))

    def scopes(self, tree: ast.Module) -> Iterator[tuple[ast.AST, Names]]:
        outer = assigned({}, tree.body)
        yield tree, outer
        for function in functions_of(tree):
            names = {**outer, **assigned({}, ast.walk(function))}
            for position, parameter in enumerate(function.args.args):
                names.setdefault(parameter.arg, []).append(ast.Name(f"{function.name} {position} {parameter.arg}"))
            yield function, names

    def messages(self, path: Path) -> Iterator[Message]:
        for scope, names in self.scopes(self.trees[path]):
            for call in own_calls(scope):
                position, keyword = MESSAGE_AT.get(called(call), (0, ""))
                node = argument(call, position, keyword) if keyword else None
                if node is not None:
                    yield from self.texts(node, names, f"{path.name}:{call.lineno}", frozenset())

    def texts(self, node: ast.expr, names: Names, where: str, seen: frozenset[str]) -> Iterator[Message]:
        """The literals that an expression may stand for. The attributes reason and message hold a literal of elsewhere."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Message(node.value, where)
            return
        if isinstance(node, ast.Attribute) and node.attr in ("reason", "message"):
            return
        behind = self.table(node, names) if not isinstance(node, ast.Name) else [] if node.id in seen else self.name(node, names)
        if not behind:
            yield Message(None, f"{where}: {ast.unparse(node)}")
        for value, its in behind:
            yield from self.texts(value, its, where, seen | {ast.unparse(node)})

    def table(self, node: ast.expr, names: Names) -> list[tuple[ast.expr, Names]]:
        """What a choice, a table, a function's result or a module's constant may be."""
        if isinstance(node, ast.IfExp):
            return [(node.body, names), (node.orelse, names)]
        if isinstance(node, ast.Dict):
            return [(value, names) for value in node.values]
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call) and isinstance(node.slice, ast.Constant):
            return [(value, names) for value in self.returned(called(node.value), int(str(node.slice.value)))]
        if isinstance(node, ast.Subscript):
            return [(node.value, names)]
        return [(value, names) for value in self.constants.get(node.attr, [])] if isinstance(node, ast.Attribute) else []

    def name(self, node: ast.Name, names: Names) -> list[tuple[ast.expr, Names]]:
        """What was assigned to a name, or is handed over by a function's callers."""
        if " " not in node.id:
            return [(value, names) for value in names.get(node.id) or self.constants.get(node.id, [])]
        function, position, keyword = node.id.split()
        given = [(argument(call, int(position), keyword), its) for call, its in self.calls.get(function, [])]
        return [(value, its) for value, its in given if value is not None]

    def returned(self, function: str, index: int) -> list[ast.expr]:
        returns = [node.value for body in self.functions.get(function, []) for node in ast.walk(body) if isinstance(node, ast.Return)]
        return [value.elts[index] for value in returns if isinstance(value, ast.Tuple)]


def functions_of(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    given = [item.value for item in call.keywords if item.arg == keyword]
    return call.args[position] if len(call.args) > position else given[0] if given else None


def own_calls(scope: ast.AST) -> Iterator[ast.Call]:
    """The calls of a scope that are not in a function within it."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, ast.FunctionDef):
            yield from own_calls(node)


def assigned(values: Names, nodes: Iterable[ast.AST]) -> Names:
    """{name: what is assigned to it}, by = and by the rows of a for loop over a literal."""
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            note(values, node.targets[0], node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            note(values, node.target, node.value)
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple | ast.List):
            for row in node.iter.elts:
                note(values, node.target, row)
    return values


def note(values: Names, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        values.setdefault(target.id, []).append(value)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            note(values, one, its)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Call):
        for index, one in enumerate(target.elts):
            note(values, one, ast.Subscript(value, ast.Constant(index)))


COLLECTOR = Collector(SOURCES)


def everything() -> dict[str, str]:
    """{text: where it stands}."""
    found = dict.fromkeys(interface_texts(), "the page")
    for rule in RULES:
        found.update(dict.fromkeys((rule.title, rule.why, rule.fix), f"rule {rule.id}"))
    found.update({text: f"cause {cause.id}" for cause in CAUSES.values() for text in (cause.title, cause.message)})
    found.update({sign.title: f"sign {sign.id}" for sign in SIGNS.values()})
    found.update({measure.text: f"measure {measure.name}" for measure in MEASURES.values()})
    found.update(dict.fromkeys(DIAGNOSIS_TEXTS, "bottleneck/diagnosis.py"))
    found.update(dict.fromkeys(CONSUMER_TEXTS, "bottleneck/consumers.py"))
    found.update(dict.fromkeys(NOTIFICATION_TEXTS, "notification.py"))
    for path in SOURCES:
        found.update({message.text: message.where for message in COLLECTOR.messages(path) if message.text is not None})
    found["set by this site (caretaker_levels)"] = "findings.py"
    return found


def placeholders(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


def test_the_collector_sees_literals_however_they_reach_the_call(tmp_path: Path) -> None:
    source = tmp_path / "rules.py"
    source.write_text(
        'WORD = "constant"\n'
        "def check(levels, thing):\n"
        '    yield Finding(1, thing, "plain")\n'
        '    yield Finding(1, thing, "one" if thing else "other")\n'
        '    text = "local"\n'
        "    yield Finding(1, thing, message=text)\n"
        "    severity, answer = graded(thing)\n"
        "    yield Finding(severity, thing, answer)\n"
        "    raise Unreadable(WORD, detail=1)\n"
        "def graded(thing):\n"
        '    return 1, "returned"\n'
        "def helper(thing, reason):\n"
        "    return Unknown(reason)\n"
        'helper(1, "handed over")\n'
        "def wrong(thing):\n"
        '    return Unknown(f"built {thing}")\n'
    )
    found = {message.text for message in Collector([source]).messages(source)}
    assert found == {"constant", "plain", "one", "other", "local", "returned", "handed over", None}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_messages_are_literals(path: Path) -> None:
    assert [message.where for message in COLLECTOR.messages(path) if message.text is None] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_is_translated(language: str) -> None:
    known = catalogue(language)
    missing = [f"{where}: {text}" for text, where in everything().items() if text not in known]
    assert missing == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parents[1].name}/{path.name}")
def test_translations_keep_the_placeholders(path: Path) -> None:
    wrong = [text for text, translated in texts_of(path).items() if placeholders(text) != placeholders(translated)]
    assert wrong == []


def test_a_text_that_no_catalogue_has_stays_english() -> None:
    assert translator("zh_CN")("no such text") == "no such text"
    assert translator("en")("Findings") == "Findings"
