"""Following the chain of the audit log, and saying where it is broken.

Belongs here: what is wrong with which rows. Does not: where rows come from (`log`, `export`), or
the seal itself (`rows`). Rows stream through: a log may have any length.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from sales_assets.platform.audit.keys import Keys
from sales_assets.platform.audit.rows import NOTHING, Head, Row, seal

SHOWN = 20
"""Findings that are kept; all are counted."""
_TRIED = 20
"""Numbers that are tried for a row whose seal is not of its own number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a row, or with several that follow one another."""

    first: int
    last: int
    found: str

    def __str__(self) -> str:
        where = f"row {self.first}" if self.first == self.last else f"rows {self.first}-{self.last}"
        return f"{where}: {self.found}"


@dataclass(slots=True)
class Verification:
    """What became of a verification."""

    head: Head = NOTHING
    """The last row that there is."""
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    """All findings, also those that are not kept."""
    missing_triggers: list[str] = field(default_factory=list)
    unconcluded: list[int] = field(default_factory=list)
    """Intents whose outcome is unknown, the first of them: a process died, and no row is gone."""
    unconcluded_count: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether nothing was changed, and nothing keeps anybody from it."""
        return not self.found and not self.missing_triggers

    def told(self) -> list[str]:
        """What is wrong, in sentences."""
        told = [str(finding) for finding in self.findings]
        if self.found > len(told):
            told.append(f"{self.found - len(told):,} more")
        if self.missing_triggers:
            told.append(f"no trigger {', '.join(self.missing_triggers)}: rows can be changed")
        return told


def follow(
    rows: Iterable[Row], keys: Keys, *, head: Head | None = None, start: Head = NOTHING
) -> Verification:
    """Recompute the chain of all rows, in the order of their numbers.

    `head` is one that was published: the log still has to have it. `start` is a row that counts as
    it is, with all before it; `rows` are those from it on.
    """
    done = Verification()
    for finding in _joined(_findings(rows, keys, head, start, done)):
        done.found += 1
        if len(done.findings) < SHOWN:
            done.findings.append(finding)
    return done


def _findings(
    rows: Iterable[Row], keys: Keys, head: Head | None, start: Head, done: Verification
) -> Iterator[Finding]:
    before, seal_before = start, start.hash
    """The row before, and the seal that it should have: one of both is what the next one names."""
    known = {start.number: start.hash} if start.number else {}
    if head is not None and head.number > start.number:
        known[head.number] = head.hash
    tried: deque[int] = deque(maxlen=_TRIED)
    awaits_start = start.number > 0
    for row in rows:
        done.rows += 1
        if row.number in known and row.hash != (published := known.pop(row.number)):
            yield _one(
                row.number,
                f"its seal is {row.hash}, and was published as {published}: the log was written "
                "anew up to here",
            )
        if awaits_start and row.number == start.number:
            awaits_start = False
            before, seal_before = Head(row.number, row.hash), row.hash
            done.head = before
            continue
        expected = before.number + 1
        if row.number > expected:
            yield Finding(expected, row.number - 1, "missing: removed, or given other numbers")
        elif row.number < expected:
            yield _one(row.number, "inserted: no row may have this number here")
            continue
        key = keys.by_id.get(row.key_id)
        right = None if key is None else seal(row, key)
        if right is None:
            yield _one(
                row.number,
                f"sealed with the key {row.key_id}, which was not given: it was changed, or put in "
                "by somebody without the key, or one of AUDIT_OLD_KEYS is missing",
            )
        elif right != row.hash:
            assert key is not None
            yield _changed(row, key, tried)
        if row.number == expected and row.previous not in {before.hash, seal_before}:
            yield _one(
                row.number,
                f"does not follow row {before.number} as that is now: it was followed by another",
            )
        before, seal_before = Head(row.number, row.hash), right or row.hash
        done.head = before
    if awaits_start:
        yield _one(start.number, "missing: its seal was published")
    last = max(done.head.number, start.number)
    if head is not None and head.number > last:
        yield Finding(
            last + 1, head.number, f"missing: row {head.number} was published as the log's head"
        )


def _changed(row: Row, key: bytes, tried: deque[int]) -> Finding:
    """What happened to a row whose seal is not that of its fields: moved, or changed."""
    distances = [number - row.number for number in tried]
    for distance in dict.fromkeys((1, -1, *distances)):
        if seal(replace(row, number=row.number + distance), key) == row.hash:
            tried.append(row.number)
            side = "after" if distance > 0 else "before"
            return _one(
                row.number, f"moved: it was written as the row {abs(distance)} {side} this one"
            )
    tried.append(row.number)
    return _one(row.number, "changed, or put in by somebody without the key: its seal is wrong")


def _one(number: int, found: str) -> Finding:
    return Finding(number, number, found)


def _joined(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings of the same words about neighbours as one."""
    last: Finding | None = None
    for finding in findings:
        if last and last.found == finding.found and finding.first == last.last + 1:
            last = replace(last, last=finding.last)
            continue
        if last:
            yield last
        last = finding
    if last:
        yield last
