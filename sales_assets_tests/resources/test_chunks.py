"""Days in chunks: small days together, large days alone."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sales_assets.resources.chunks import CHUNK_LINES, chunks
from sales_assets.resources.manifests import Entry, Manifest

FIRST = date(2024, 1, 1)


def days_of(lines: list[int]) -> dict[date, Manifest]:
    """Days in a row, each of two files that together have so many lines."""
    return {
        FIRST + timedelta(number): (Entry("a.csv", "", n // 2), Entry("b.csv", "", n - n // 2))
        for number, n in enumerate(lines)
    }


def test_small_days_are_put_together_but_for_no_more_files_than_are_kept_open() -> None:
    days = days_of([1000] * 366)
    assert [len(chunk) for chunk in chunks(days, days, 366)] == [100, 100, 100, 66]


def test_days_of_many_lines_are_chunks_of_their_own() -> None:
    days = days_of([CHUNK_LINES + 1, 10, CHUNK_LINES, 10])
    assert [len(chunk) for chunk in chunks(days, days, 366)] == [1, 1, 1, 1]


def test_no_chunk_has_more_days_than_asked_for() -> None:
    days = days_of([1000] * 10)
    assert [len(chunk) for chunk in chunks(days, days, 4)] == [4, 4, 2]


def test_days_without_a_drop_are_in_a_chunk_too() -> None:
    days: dict[date, Manifest] = {FIRST: (), FIRST + timedelta(1): ()}
    assert list(chunks(days, days, 366)) == [list(days)]


@given(
    st.lists(st.sampled_from([0, 1, 1000, CHUNK_LINES // 2, CHUNK_LINES, CHUNK_LINES * 2])),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_every_day_is_in_one_chunk_in_order_and_none_has_room_for_the_next(
    lines: list[int], at_most: int, random: Random
) -> None:
    days = days_of(lines)
    shuffled = list(days)
    random.shuffle(shuffled)
    found = list(chunks(shuffled, days, at_most))
    assert [day for chunk in found for day in chunk] == list(days)
    sizes = [sum(e.lines for day in chunk for e in days[day]) for chunk in found]
    assert all(
        size <= CHUNK_LINES or len(chunk) == 1 for size, chunk in zip(sizes, found, strict=True)
    )
    for chunk, size, following in zip(found, sizes, found[1:], strict=False):
        first = sum(e.lines for e in days[following[0]])
        assert len(chunk) == at_most or size + first > CHUNK_LINES
