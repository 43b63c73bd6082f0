# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ's watermark on the target, by a stub of rabbitmqctl: set, kept in a file of ours, and taken back without a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.target_settings import change, rabbitmq
from plugins.module_utils.target_settings.errors import BadSetting

NAME = rabbitmq.NAME


class NodeStub:
    """Answers as rabbitmqctl does."""

    def __init__(self) -> None:
        self.setting: dict[str, float] | None = {"relative": 0.4}
        self.refusal = ""

    def ask(self, argv: list[str], **_more: Any) -> dict[str, Any]:
        words = argv[argv.index("15") + 1:]
        if words[0] == "status":
            return {"rc": 0, "text": json.dumps({} if self.setting is None else {"vm_memory_high_watermark_setting": self.setting}), "stderr": ""}
        if self.refusal:
            return {"rc": 64, "text": "", "stderr": self.refusal}
        self.setting = {"relative": float(words[1])}
        return {"rc": 0, "text": "", "stderr": ""}


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodeStub:
    monkeypatch.setattr(rabbitmq, "FOLDER", str(tmp_path))
    monkeypatch.setattr(rabbitmq, "find_nodes", lambda: [{"instance": "rabbit", "pid": 1, "container": "", "node": None, "user": "rabbitmq"}])
    return NodeStub()


def test_it_is_set_kept_and_taken_back(node: NodeStub, tmp_path: Path) -> None:
    done = change.change(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6")
    assert (done["changed"], done["now"]) == (True, {"value": "0.6", "kept": "0.6", "pending": False, "unit": ""})
    assert "\nvm_memory_high_watermark.relative = 0.6\n" in (tmp_path / "conf.d/zz-caretaker.conf").read_text()
    assert not change.change(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6")["changed"]
    assert change.put_back(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6", None)["changed"]
    assert (node.setting, list(tmp_path.iterdir())) == ({"relative": 0.4}, [])


def test_an_administrators_folder_stays(node: NodeStub, tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/10-site.conf").write_text("vm_memory_high_watermark.relative = 0.4\n")
    change.change(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6")
    change.put_back(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6", None)
    assert [path.name for path in (tmp_path / "conf.d").iterdir()] == ["10-site.conf"]


def test_what_an_administrator_set_since_is_respected(node: NodeStub, tmp_path: Path) -> None:
    change.change(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6")
    node.setting = {"relative": 0.5}
    done = change.put_back(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6", None)
    assert done["respected"] == f"{NAME} was 0.4, by us 0.6, now 0.5: left alone"
    assert (node.setting, list(tmp_path.iterdir())) == ({"relative": 0.5}, []), "our own line would win at the next start"


def test_what_the_node_refuses_is_not_kept(node: NodeStub, tmp_path: Path) -> None:
    node.refusal = "Error:\nthe node\nis down"
    with pytest.raises(BadSetting, match=r"rabbitmq rabbit refuses vm_memory_high_watermark.relative 0.6: Error: the node is down"):
        change.change(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("path", "text", "refused"), [
    ("advanced.config", "[{rabbit, [\n  {vm_memory_high_watermark, 0.5}]}].\n", True), ("advanced.config", "[].\n", False),
    ("conf.d/zzz.conf", "vm_memory_high_watermark.absolute = 2GB\n", True), ("conf.d/90.conf", "vm_memory_high_watermark.relative = 0.4\n", False),
    ("conf.d/zzz.conf", "# vm_memory_high_watermark.absolute = 2GB\n", False),
])
def test_a_file_that_would_win_at_the_next_start(node: NodeStub, tmp_path: Path, path: str, text: str, refused: bool) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / path).write_text(text)
    if refused:
        with pytest.raises(BadSetting, match=f"{path} says vm_memory_high_watermark too, and wins at the next start; set it there"):
            change.change(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6")
    assert change.change(node, "rabbitmq", "rabbit", NAME, "0.4", "0.6", dry=refused)["changed"]
    assert node.setting == {"relative": 0.4 if refused else 0.6}


@pytest.mark.parametrize(("setting", "name", "reason"), [
    ({"absolute": 1e9}, NAME, "is a fixed size; set it by hand"), (None, NAME, "does not tell the watermark of rabbitmq rabbit"),
    ({"relative": 0.4}, "disk_free_limit.absolute", "disk_free_limit.absolute of RabbitMQ is not vm_memory"),
])
def test_what_cannot_be_set(node: NodeStub, setting: Any, name: str, reason: str) -> None:
    node.setting = setting
    with pytest.raises(BadSetting, match=reason):
        change.change(node, "rabbitmq", "rabbit", name, "0.4", "0.6")
