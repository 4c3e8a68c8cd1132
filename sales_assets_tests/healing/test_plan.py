"""The laws of the plan, in a small world whose days fail and are mended at random."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import hypothesis.strategies as st
from hypothesis import given, settings

from sales_assets.healing.days import Due, Outage, Row, Sight, Tried
from sales_assets.healing.plan import MOST_RUNS, Plan, Rules, plan, remember
from sales_assets.partitions import Window

FIRST = date(2024, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(8)]
RULES = Rules(attempts=3, patience=100.0)


@dataclass
class Day:
    """A day of the world: the cause that it has, and whether it is made for it."""

    cause: int = 0
    since: float = 0.0
    is_made: bool = False
    is_broken: bool = False
    is_blocked: bool = False


@dataclass
class World:
    """Days, runs of them, and what healing remembers."""

    now: float = 1000.0
    days: dict[date, Day] = field(default_factory=lambda: {day: Day() for day in DAYS})
    rows: dict[date, Row] = field(default_factory=dict)
    looked_at: float = 0.0
    under_way: list[tuple[str, float, Window, dict[date, int]]] = field(default_factory=list)
    ended: list[Tried] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    asked: Counter[tuple[date, int]] = field(default_factory=Counter)
    parked_asked: list[date] = field(default_factory=list)
    runs: int = 0

    def start(self, window: Window) -> None:
        self.runs += 1
        causes = {day: self.days[day].cause for day in window.days() if day in self.days}
        self.under_way.append((f"run {self.runs}", self.now, window, causes))
        self.asked.update(causes.items())

    def finish(self) -> None:
        """End the run that began first; a broken day of it fails it, the others are made."""
        if not self.under_way:
            return
        run, created, window, causes = self.under_way.pop(0)
        broken = [day for day in causes if self.days[day].is_broken]
        for day, cause in causes.items():
            if day not in broken and self.days[day].cause == cause:
                self.days[day].is_made = True
        self.ended.append(Tried(run, run, created, self.now, window, not broken, "broken"))

    def drop(self, day: date) -> None:
        """A new drop of a day, which its sensor asks for at once."""
        one = self.days[day]
        self.days[day] = Day(one.cause + 1, self.now, is_blocked=one.is_blocked)
        self.start(Window.around([day]))

    def look(self) -> Plan:
        due = {
            day: Due(str(one.cause), "due", one.since, "a person" if one.is_blocked else "")
            for day, one in self.days.items()
            if not one.is_made
        }
        tried = [
            Tried(**{**vars(run), "is_counted": run.root in self.counted}) for run in self.ended
        ]
        parked = [day for day, row in self.rows.items() if row.parked_at is not None]
        self.rows = remember(self.rows, due, tried, self.looked_at, self.now, RULES)
        self.counted |= {run.root for run in tried}
        self.looked_at = self.now
        windows = [window for _, _, window, _ in self.under_way]
        chosen = plan("shop", Sight(due), self.rows, windows, self.now, RULES)
        self.parked_asked += [
            day
            for request in chosen.requests
            for day in request.window.days()
            if day in parked and self.rows[day].parked_at is not None
        ]
        return chosen

    def tick(self) -> Plan:
        """Look, and launch what is asked for, as the daemon does: a key once."""
        chosen = self.look()
        for request in chosen.requests:
            for day in request.window.days():
                assert not any(day in window for _, _, window, _ in self.under_way)
                assert not self.days[day].is_blocked
            if request.key not in self.keys:
                self.keys.add(request.key)
                self.start(request.window)
        return chosen

    def rest(self) -> Plan:
        """Go on until nothing changes any more."""
        for _ in range(40):
            chosen = self.tick()
            while self.under_way:
                self.now += 10
                self.finish()
            self.now += RULES.patience * 20
        return chosen


days = st.sampled_from(DAYS)
actions = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["drop", "break", "mend", "block", "free"]), days),
        st.tuples(st.sampled_from(["tick", "finish", "tick twice"]), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1.0, 60.0, 150.0, 1000.0])),
    ),
    max_size=60,
)


def lived(steps: list[tuple[str, object]]) -> World:
    world = World()
    for name, about in steps:
        world.now += 1
        match name, about:
            case "drop", date():
                world.drop(about)
            case (("break" | "mend"), date()):
                world.days[about].is_broken = name == "break"
            case (("block" | "free"), date()):
                world.days[about].is_blocked = name == "block"
            case "wait", float():
                world.now += about
            case "finish", _:
                world.finish()
            case "tick", _:
                world.tick()
            case "tick twice", _:
                first, again = world.look(), world.tick()
                assert [r.key for r in first.requests] == [r.key for r in again.requests]
    return world


@given(actions)
@settings(deadline=None, max_examples=150)
def test_no_day_is_tried_more_often_for_a_cause_than_the_rules_allow(
    steps: list[tuple[str, object]],
) -> None:
    world = lived(steps)
    world.rest()
    assert max(world.asked.values(), default=0) <= RULES.attempts
    assert world.parked_asked == []


@given(actions)
@settings(deadline=None, max_examples=150)
def test_every_day_ends_as_it_should_be_or_parked_or_waiting_for_a_person(
    steps: list[tuple[str, object]],
) -> None:
    world = lived(steps)
    last = world.rest()
    for day, one in world.days.items():
        if one.is_made:
            assert day not in world.rows
        elif world.rows[day].parked_at is not None:
            assert world.asked[day, one.cause] == RULES.attempts, "nor is any given up too early"
        else:
            assert one.is_blocked, "nothing waits for ever"
    assert last.requests == ()
    assert last.is_empty == all(one.is_made for one in world.days.values())


@given(actions, days)
@settings(deadline=None, max_examples=100)
def test_a_new_drop_of_a_parked_day_is_asked_for_and_ends_the_parking(
    steps: list[tuple[str, object]], day: date
) -> None:
    world = lived([*steps, ("free", day), ("break", day), ("drop", day)])
    world.days[day].is_broken = True
    world.rest()
    assert world.rows[day].parked_at is not None
    world.drop(day)
    world.look()
    assert world.rows[day].parked_at is None
    world.rest()
    assert world.days[day].is_made


def look(
    rows: dict[date, Row], due: list[date], now: float, *tried: Tried
) -> tuple[dict[date, Row], Plan]:
    found = {day: Due("cause", "never made") for day in due}
    rows = remember(rows, found, tried, 0.0, now, RULES)
    return rows, plan("shop", Sight(found), rows, [], now, RULES)


def failed(number: int, window: Window, at: float) -> Tried:
    return Tried(f"run {number}", f"run {number}", at - 5, at, window, False, "broken")


def test_days_that_were_never_tried_are_one_run_and_those_that_failed_are_divided() -> None:
    days = [FIRST + timedelta(days=n) for n in range(100)]
    rows, first = look({}, days, 1000.0)
    assert first.requests == (), "others come first"
    rows, first = look(rows, days, 1100.0)
    assert [str(request.window) for request in first.requests] == ["2024-01-01..2024-04-09"]
    whole = Window.around(days)
    rows, again = look(rows, days, 2000.0, failed(1, whole, 1200.0))
    assert len(again.requests) == MOST_RUNS
    assert {len(request.window) for request in again.requests} == {10}
    rest = days[30:40]
    window = Window.around(rest)
    rows, last = look(rows, rest, 3000.0, failed(2, window, 2100.0))
    assert [len(request.window) for request in last.requests] == [1] * 10
    assert {request.attempt for request in last.requests} == {3}


def test_a_run_that_repeats_one_is_the_same_attempt() -> None:
    rows, _ = look({}, DAYS[:1], 1000.0)
    window = Window.around(DAYS[:1])
    first = Tried("one", "one", 1001.0, 1010.0, window, False, "killed")
    again = Tried("two", "one", 1011.0, 1020.0, window, False, "killed again")
    rows, _ = look(rows, DAYS[:1], 1030.0, first, again)
    assert (rows[FIRST].attempts, rows[FIRST].error) == (1, "killed again")


def test_a_day_that_is_due_only_while_nobody_is_on_it_is_parked_like_any_other() -> None:
    window, keys = Window.around(DAYS[:1]), set()
    rows: dict[date, Row] = {}
    tried: list[Tried] = []
    for number in range(RULES.attempts):
        now = 1000.0 * (number + 1)
        rows, _ = look(rows, DAYS[:1], now, *tried)
        rows, found = look(rows, DAYS[:1], now + 900)
        keys |= {request.key for request in found.requests}
        # Its run is the last that was to make it now, and has not failed.
        rows = remember(rows, {}, [], 0.0, now + 950, RULES, [window])
        tried = [failed(number, window, now + 960)]
    rows, _ = look(rows, DAYS[:1], 4000.0, *tried)
    assert (rows[FIRST].attempts, len(keys)) == (RULES.attempts, RULES.attempts)
    assert rows[FIRST].parked_at is not None
    assert remember(rows, {}, [], 0.0, 5000.0, RULES) == {}


def test_harmless_days_between_are_done_along_and_no_others() -> None:
    due = {day: Due("cause", "never made") for day in (DAYS[0], DAYS[3], DAYS[6])}
    rows = remember({}, due, [], 0.0, 0.0, RULES)
    sight = Sight(due, frozenset(DAYS[1:3]))
    found = plan("shop", sight, rows, [], 1000.0, RULES)
    assert [str(r.window) for r in found.requests] == ["2024-01-01..2024-01-04", "2024-01-07"]


def test_a_success_that_began_before_the_day_was_due_is_no_attempt() -> None:
    window = Window.around(DAYS[:1])
    rows, _ = look({}, DAYS[:1], 1000.0)
    before = Tried("one", "one", 990.0, 1010.0, window, True)
    after = Tried("two", "two", 1001.0, 1020.0, window, True)
    rows, _ = look(rows, DAYS[:1], 1030.0, before)
    assert rows[FIRST].attempts == 0
    rows, _ = look(rows, DAYS[:1], 1030.0, after)
    assert rows[FIRST].attempts == 1


def test_what_failed_in_an_outage_is_no_attempt_and_is_asked_for_anew_after_it() -> None:
    window = Window.around(DAYS[:1])
    rows, _ = look({}, DAYS[:1], 1000.0)
    rows, first = look(rows, DAYS[:1], 1100.0)
    keys = {request.key for request in first.requests}
    for number in range(10):
        at = 1200.0 + 300 * number
        outage = Outage(at - 10, at + 10)
        run = failed(number, window, at)
        assert outage.excuses(run)
        assert not outage.excuses(replace(run, succeeded=True))
        rows, early = look(rows, DAYS[:1], at + 50, replace(run, is_excused=True))
        assert early.requests == (), "what is away may come and go"
        rows, again = look(rows, DAYS[:1], at + 150, replace(run, is_excused=True))
        assert rows[FIRST].attempts == 0
        [request] = again.requests
        assert request.key not in keys, "Dagster would take it for the one before"
        keys.add(request.key)
        assert look(rows, DAYS[:1], at + 160, replace(run, is_excused=True)) == (rows, again)
    rows, _ = look(rows, DAYS[:1], 5000.0, failed(11, window, 4900.0))
    assert rows[FIRST].attempts == 1
