# Copyright (c) 2026 Caretaker contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health inspection report: its sections in order."""

from __future__ import annotations

from collections.abc import Mapping

from . import bottlenecks, closing, contents, found, overview
from .model import View
from .paper import Paper


def paper_of(view: View, pages: Mapping[str, str]) -> Paper:
    """``pages``: {heading: page number} for the table of contents, empty where it is not known."""
    t, about = view.t, view.summary
    title = t("Health inspection report")
    paper = Paper(t, view.language, f"{title} {about['run']}")
    paper.header_and_footer(" · ".join(filter(None, (about["customer"], title))), about["run"])
    overview.cover(paper, view)
    paper.page_break()
    paper.paragraph(t("Contents"), "CaretakerContents")
    place = contents.mark(paper)
    overview.scope(paper, view)
    overview.summary(paper, view)
    found.findings(paper, view)
    found.comparison(paper, view)
    bottlenecks.chapter(paper, view)
    found.capacity(paper, view)
    found.risks(paper, view)
    found.waivers(paper, view)
    if not view.context.for_strangers:
        closing.approvals(paper, view)
        closing.ledger(paper, view.context)
    closing.accounting(paper, view)
    if not view.context.for_strangers:
        closing.signatures(paper, (t("Inspected by"), t("Checked by"), t("Accepted by the customer")))
    contents.fill(paper, place, pages)
    return paper
