"""Parts add up to the whole, whatever is divided by whatever."""

from __future__ import annotations

from dataclasses import astuple

from hypothesis import given
from hypothesis import strategies as st

from sales_assets.costs.amounts import Amounts, spread, spread_all
from sales_assets.costs.ledger import weights

WHOLE = st.integers(min_value=-(10**18), max_value=10**18)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=40)
AMOUNTS = st.builds(Amounts, *[st.integers(min_value=0, max_value=10**15)] * 6)


@given(WHOLE, WEIGHTS)
def test_parts_add_up_to_the_whole(whole: int, shares: list[int]) -> None:
    assert sum(spread(whole, shares)) == whole


@given(st.integers(min_value=0, max_value=10**15), WEIGHTS)
def test_no_part_is_further_than_one_from_its_exact_share(whole: int, shares: list[int]) -> None:
    total = sum(shares)
    for part, share in zip(spread(whole, shares), shares, strict=True):
        if total:
            assert abs(part * total - whole * share) < total
        else:
            assert abs(part * len(shares) - whole) < len(shares)


@given(AMOUNTS, WEIGHTS)
def test_all_amounts_are_divided_alike(whole: Amounts, shares: list[int]) -> None:
    parts = spread_all(whole, shares)
    assert sum(parts, Amounts()) == whole
    assert [part.cpu for part in parts] == spread(whole.cpu, shares)
    assert len(astuple(whole)) == 6


def test_a_step_is_divided_by_time_only_if_all_of_its_assets_say_theirs() -> None:
    assert weights(["a", "b"], {"a": 3, "b": 1}) == {"a": 3, "b": 1}
    assert weights(["a", "b"], {"a": 3}) == {"a": 1, "b": 1}
    assert weights(["a", "b"], {"a": 3, "b": 1, "other": 5}) == {"a": 3, "b": 1}
