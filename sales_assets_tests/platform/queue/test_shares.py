"""The laws of the shared queue, for any teams, weights and times of submission."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.queue_rules import Served, VirtualTime, Wanted, simulate
from sales_assets.platform.queue.shares import UNIT, Book, End, Lane, most_before

WEIGHTS = {"ants": 1, "bees": 2, "cats": 5}
runs = st.lists(
    st.builds(
        Wanted,
        st.integers(0, 30),
        st.sampled_from(list(WEIGHTS)),
        st.sampled_from(list(Lane)),
        st.integers(1, 4),
    ),
    max_size=80,
)
queues = given(wanted=runs, places=st.integers(1, 5))


def served_by_lane(served: list[Served]) -> dict[tuple[str, Lane], list[Served]]:
    lanes: dict[tuple[str, Lane], list[Served]] = defaultdict(list)
    for one in served:
        lanes[one.run.team, one.run.lane].append(one)
    return lanes


@queues
def test_every_run_starts_and_within_a_lane_in_the_order_of_submission(
    wanted: list[Wanted], places: int
) -> None:
    served = simulate(wanted, VirtualTime(WEIGHTS), places=places)
    assert sorted(one.number for one in served) == list(range(len(wanted)))
    for lane in served_by_lane(served).values():
        assert lane == sorted(lane, key=lambda one: (one.run.at, one.number))


@queues
def test_no_run_waits_for_more_runs_than_its_place_says(wanted: list[Wanted], places: int) -> None:
    rule = VirtualTime(WEIGHTS)
    served = simulate(wanted, rule, places=places)
    lanes = served_by_lane(served)
    for one in served:
        own = (one.run.team, one.run.lane)
        others = {lane: WEIGHTS[lane[0]] for lane in lanes if lane != own}
        ahead = sum(
            (other.run.at, other.number) < (one.run.at, one.number) and other.start >= one.run.at
            for other in lanes[own]
        )
        place, now = rule.places[one.number], rule.seen[one.number]
        assert one.before - 1 <= most_before(place, now, others, ahead)


@given(
    weights=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 100), min_size=2),
    count=st.integers(10, 60),
)
@settings(max_examples=50)
def test_while_teams_have_backlogs_their_starts_are_as_their_weights(
    weights: dict[str, int], count: int
) -> None:
    wanted = [Wanted(0, team, Lane.NORMAL) for _ in range(count) for team in weights]
    served = simulate(wanted, VirtualTime(weights), places=1)
    turns = dict.fromkeys(weights, 0)
    for one in served:
        turns[one.run.team] += 1
        if max(turns.values()) == count:
            break  # from here on a team has no backlog any more
        shares = [turns[team] / weight for team, weight in weights.items()]
        assert max(shares) - min(shares) <= max(2 / weight for weight in weights.values())


def test_a_team_with_several_lanes_pays_for_all_of_them() -> None:
    book, place = Book().admit("ants", Lane.FIRST, 1, "a")
    assert book.end("ants", Lane.NORMAL).finish == book.end("ants", Lane.BACKFILL).finish == UNIT
    assert place.finish == UNIT
    book, place = book.admit("ants", Lane.NORMAL, 1, "b")
    assert (place.start, place.finish) == (UNIT, 2 * UNIT)
    assert book.end("ants", Lane.FIRST).finish == UNIT


def test_a_backfill_that_nobody_else_waits_beside_begins_at_once() -> None:
    wanted = [Wanted(0, "ants", Lane.BACKFILL) for _ in range(10)]
    assert [one.start for one in simulate(wanted, VirtualTime(WEIGHTS), places=2)][-1] == 4


def test_beside_ordinary_runs_one_in_five_is_of_a_backfill() -> None:
    wanted = [
        *(Wanted(0, "ants", Lane.BACKFILL) for _ in range(50)),
        *(Wanted(0, "others", Lane.NORMAL) for _ in range(200)),
    ]
    served = simulate(wanted, VirtualTime({"ants": 1, "others": 1}), places=1)
    assert sum(one.run.lane is Lane.BACKFILL for one in served[:100]) == 20


@given(seen=st.integers(-UNIT, 10 * UNIT))
def test_time_neither_goes_back_nor_on_beyond_what_was_given_out(seen: int) -> None:
    book = Book(2 * UNIT, {("ants", Lane.NORMAL): End(5 * UNIT, "a")})
    assert book.now <= book.at(seen).now <= 5 * UNIT


def test_a_book_that_was_lost_goes_on_where_the_runs_are() -> None:
    assert Book().at(7 * UNIT).now == 7 * UNIT
