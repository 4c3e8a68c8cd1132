"""In which runs days are materialised: each once, and in the fewest."""

from __future__ import annotations

from datetime import date
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.partitions import Window, contiguous
from sales_assets.planning import PlannedRun, plan_runs
from sales_assets_tests.planned import day, span

PLANS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.lists(st.integers(1, 9).map(day), max_size=9), max_size=3
)


@settings(deadline=None, max_examples=200)
@given(PLANS)
def test_each_source_gets_exactly_the_days_it_asked_for_and_each_once(
    days: dict[str, list[date]],
) -> None:
    runs = plan_runs(days)

    got: dict[str, list[date]] = {source: [] for source in days}
    for run in runs:
        for source in run.sources:
            got[source] += run.window.days()
    assert {source: sorted(own) for source, own in got.items()} == {
        source: sorted(set(own)) for source, own in days.items()
    }
    assert runs == sorted(runs, key=lambda run: (run.window.start, run.sources))
    assert all(run.sources == tuple(sorted(run.sources)) for run in runs)


def fewest(days: dict[str, list[date]]) -> int:
    """By trying every way to cut each source's spans."""
    options = []
    for own in days.values():
        for window in contiguous(own):
            inner = list(window.days())[1:]
            cuts = chain.from_iterable(combinations(inner, n) for n in range(len(inner) + 1))
            options.append(
                [
                    {
                        Window(one, other)
                        for one, other in zip((window.start, *cut), (*cut, window.end), strict=True)
                    }
                    for cut in cuts
                ]
            )
    best = {frozenset[Window]()}
    for choices in options:
        best = {found | choice for found in best for choice in choices}
    return min(map(len, best))


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]), st.lists(st.integers(1, 6).map(day), max_size=6), max_size=2
    )
)
def test_no_plan_for_two_sources_takes_fewer_runs(days: dict[str, list[date]]) -> None:
    assert len(plan_runs(days)) == fewest(days)


@pytest.mark.parametrize(
    ("days", "runs"),
    [
        ({}, []),
        ({"a": []}, []),
        ({"a": span(1, 5)}, [(span(1, 5), "a")]),
        ({"a": span(1, 5), "b": span(1, 5)}, [(span(1, 5), "ab")]),
        ({"b": span(1, 5), "a": span(3, 5)}, [(span(1, 5), "b"), (span(3, 5), "a")]),
        ({"a": span(1, 9), "b": span(5, 5)}, [(span(1, 9), "a"), (span(5, 5), "b")]),
        ({"a": span(1, 2), "b": span(3, 4)}, [(span(1, 2), "a"), (span(3, 4), "b")]),
        (
            {"a": span(1, 6), "b": span(1, 3), "c": span(4, 6)},
            [(span(1, 3), "ab"), (span(4, 6), "ac")],
        ),
    ],
)
def test_the_fewest_runs_are_planned(
    days: dict[str, Window], runs: list[tuple[Window, str]]
) -> None:
    asked = {source: list(own.days()) if own else [] for source, own in days.items()}

    assert plan_runs(asked) == [PlannedRun(window, tuple(sources)) for window, sources in runs]


def test_days_of_refused_drops_are_run_by_themselves_and_first() -> None:
    days = {"shop/one": [day(n) for n in range(1, 6)], "shop/two": [day(2), day(3)]}

    runs = plan_runs(days, {"shop/one": [day(3), day(9)]})

    assert runs[0] == PlannedRun(span(3, 3), ("shop/one",))
    asked = {(source, d) for run in runs[1:] for source in run.sources for d in run.window.days()}
    assert asked == {
        *(("shop/one", day(n)) for n in (1, 2, 4, 5)),
        ("shop/two", day(2)),
        ("shop/two", day(3)),
    }
