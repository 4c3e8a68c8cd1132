"""What to do about days that are due: a function of what is known, without any effect.

Belongs here: counting attempts, parking, and choosing what is asked for now. Does not: finding out
what is known (`sight`, `runs`), or keeping and doing it (`state`, `healer`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sales_assets.healing.days import Due, Row, Sight, Tried
from sales_assets.partitions import Window, contiguous

PIECES = 10
"""In so many runs a range that has failed is divided, so that a day that cannot be made keeps few
others with it: with three attempts, a hundred days come down to the one."""
MOST_RUNS = 10
"""Runs that are asked for at a time, for a target; what is left waits for the next look."""
UNDER_WAY = "a run that is under way"
"""What days wait for that are being made."""


@dataclass(frozen=True)
class Rules:
    """How often a day may fail, and how long it is left to others first."""

    attempts: int = 3
    patience: float = 300.0


@dataclass(frozen=True)
class Request:
    """Days to ask for in one run; the key is the same whenever the same is asked for."""

    window: Window
    key: str
    attempt: int
    whys: tuple[str, ...]


@dataclass(frozen=True)
class Wait:
    """Days that are due and not asked for now, and what they wait for."""

    days: tuple[date, ...]
    reason: str


@dataclass(frozen=True)
class Plan:
    """What to do for one target."""

    requests: tuple[Request, ...] = ()
    waits: tuple[Wait, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether every day is as it should be."""
        return not self.requests and not self.waits


def remember(
    rows: Mapping[date, Row],
    due: Mapping[date, Due],
    tried: Iterable[Tried],
    last_look: float,
    now: float,
    rules: Rules,
    made_now: Collection[Window] = (),
) -> dict[date, Row]:
    """The rows of the days that are due, with the attempts since they are due for this cause.

    A day that is due no more is forgotten, but not while a run makes it (`made_now`), which may
    fail as the one before did; one with another cause begins anew.
    """
    ended = sorted(tried, key=lambda run: run.ended_at)
    kept = {
        day: row
        for day, row in rows.items()
        if day not in due and any(day in window for window in made_now)
    }
    return kept | {
        day: _counted(
            _row(rows.get(day), found, last_look, now, rules),
            [run for run in ended if day in run.window],
            now,
            rules,
        )
        for day, found in due.items()
    }


def _row(before: Row | None, due: Due, last_look: float, now: float, rules: Rules) -> Row:
    if before is not None and before.cause == due.cause:
        return replace(before, why=due.why)
    # What was tried before the last look was tried for the cause of that time.
    counted_from = due.since if before is None else max(due.since, last_look)
    return Row(due.cause, due.why, now, counted_from, now + rules.patience)


def _counted(row: Row, ended: Iterable[Tried], now: float, rules: Rules) -> Row:
    counted: set[str] = set()
    for run in ended:
        # A run that succeeded and left the day due has not seen what came after its beginning.
        begins = max(row.counted_from, row.seen_at) if run.succeeded else row.counted_from
        if run.created_at < begins:
            continue
        if run.is_excused:  # what is asked for after it is another request
            row = replace(
                row,
                counted_from=run.ended_at,
                tried_at=run.ended_at,
                ready_at=run.ended_at + rules.patience,
                error=run.error,
            )
            continue
        is_new = not run.is_counted and run.root not in counted
        counted.add(run.root)
        attempts = row.attempts + is_new
        row = replace(
            row,
            attempts=attempts,
            tried_at=run.ended_at,
            ready_at=run.ended_at + rules.patience * 2**attempts,
            run_id=run.run_id,
            error=run.error or "the run succeeded, and the day is as it was",
        )
    if row.attempts >= rules.attempts and row.parked_at is None:
        return replace(row, parked_at=now)
    return row


def plan(
    name: str,
    sight: Sight,
    rows: Mapping[date, Row],
    under_way: Collection[Window],
    now: float,
    rules: Rules,
) -> Plan:
    """What to ask for, of the days of a target that are due, and what the others wait for.

    `under_way` are the days of runs that are waiting or working.
    """
    first: list[date] = []
    again: list[date] = []
    waits: dict[str, list[date]] = {}
    for day in sorted(sight.due):
        row = rows[day]
        if reason := _waits_for(day, row, sight.due[day], under_way, now, rules):
            waits.setdefault(reason, []).append(day)
        else:
            (again if row.attempts else first).append(day)
    windows = [*_bridged(first, sight.harmless), *_pieces(again)]
    for window in windows[MOST_RUNS:]:
        days = [day for day in window.days() if day in sight.due]
        waits.setdefault("its turn: others are asked for first", []).extend(days)
    return Plan(
        tuple(_request(name, window, rows) for window in windows[:MOST_RUNS]),
        tuple(Wait(tuple(sorted(days)), reason) for reason, days in waits.items()),
    )


def _waits_for(
    day: date, row: Row, due: Due, under_way: Collection[Window], now: float, rules: Rules
) -> str:
    """What keeps a day from being asked for now; empty for nothing."""
    if any(day in window for window in under_way):
        return UNDER_WAY
    if row.parked_at is not None:
        return f"a person: parked after {row.attempts} attempts; {row.error}"
    if due.blocked:
        return due.blocked
    if row.ready_at > now:
        what = "the next attempt" if row.attempts else "what asks for it by itself"
        return f"{what}, since it has had less than {_minutes(rules.patience * 2**row.attempts)}"
    return ""


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _bridged(days: Sequence[date], harmless: Collection[date]) -> list[Window]:
    """The fewest windows of these days and harmless ones between them."""
    windows: list[Window] = []
    for window in contiguous(days):
        if windows:
            between = Window(windows[-1].end, window.start)
            if all(day in harmless for day in between.days()):
                windows[-1] = Window(windows[-1].start, window.end)
                continue
        windows.append(window)
    return windows


def _pieces(days: Sequence[date]) -> list[Window]:
    size = -(-len(days) // PIECES)
    return [piece for window in contiguous(days) for piece in window.chunks(max(1, size))]


def _request(name: str, window: Window, rows: Mapping[date, Row]) -> Request:
    own = {day: rows[day] for day in window.days() if day in rows}
    # `seen_at`: a day that was right in between and fails as it did before is asked for anew.
    told = [
        f"{day} {row.cause} {row.attempts} {row.counted_from!r} {row.seen_at!r}"
        for day, row in sorted(own.items())
    ]
    digest = hashlib.sha256("\n".join([name, *told]).encode()).hexdigest()[:16]
    attempt = max(row.attempts for row in own.values()) + 1
    whys = tuple(dict.fromkeys(row.why for row in own.values()))
    return Request(window, f"heal:{name}:{window}:{attempt}:{digest}", attempt, whys)
