"""Why lines were rejected, in words that hold no value of a line.

Belongs here: from the reasons that `contracts` writes to rules that may be shown to anyone. Does
not: judging lines (`contracts.sql`). A refused value can be personal data, so a reason of a form
that is not known here is not shown.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from sales_assets.report.data import EXAMPLES, ReportData


@dataclass(frozen=True)
class Reason:
    """A rule that rejected lines broke, the column it is about, and the first lines."""

    column: str | None
    rule: str
    lines: int
    examples: tuple[str, ...]


def reasons(data: ReportData, source: str) -> tuple[Reason, ...]:
    """The rules that a source's lines broke, the most frequent first."""
    lines: Counter[tuple[str | None, str]] = Counter()
    examples: defaultdict[tuple[str | None, str], list[tuple[str, int]]] = defaultdict(list)
    for row in data.reasons:
        if row.source == source:
            rule = rule_of(row.name)
            lines[rule] += row.lines if row.place == 1 else 0
            examples[rule].append((row.file, row.line))
    return tuple(
        Reason(*rule, count, tuple(f"{f}:{n}" for f, n in sorted(examples[rule])[:EXAMPLES]))
        for rule, count in lines.most_common()
    )


def rule_of(reason: str) -> tuple[str | None, str]:
    """The column of a reason, if it is about one, and the rule that was broken.

    `data` has left out what stands in quotes and a number or date after the colon.
    """
    subject, colon, rule = reason.partition(": ")
    if rule.startswith("the same as in line"):
        return subject, "is the same as in an earlier line"
    if colon and re.fullmatch(r"[a-z][a-z0-9_]*", subject):
        if re.match(r"(is|does|the contract's) ", rule):
            return subject, re.sub(r" \d{4}-\d\d-\d\d(?= \(late)", "", rule)
        return subject, "breaks a rule"
    if re.match(r"(the line|a quote|field \d+) ", subject):
        return None, re.sub(r" at byte \d+$", "", subject)
    return None, "another rule"
