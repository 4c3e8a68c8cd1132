"""Which drops make up a day, whatever the order in which they came."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.contracts.days import Overlap
from sales_assets.contracts.inspection import Inspection, Part
from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import (
    Entry,
    Known,
    differing,
    fingerprint,
    manifests,
    refusals,
)
from sales_assets_tests.harness import SHOP, TILL

LATEST = load_contract(TILL)
UNION = replace(LATEST, overlap=Overlap.UNION)
BY_NAME = replace(LATEST, overlap=Overlap.LATEST_BY_NAME)
ONE, TWO, THREE = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)


def known(
    file: str, modified: int, days: dict[date, int], undated: int = 0, content: str = ""
) -> Known:
    part = Part("", (), sum(days.values()) + undated, True, days, undated=undated)
    return Known(Drop(file, 1, modified), Inspection(f"sha {file}", (part,), content), "")


def drops(*items: Known) -> dict[str, Known]:
    return {item.drop.file: item for item in items}


MONTH = known("a.csv", 1, {ONE: 5, TWO: 6, THREE: 7}, undated=2)
RESTATED = known("b.csv", 2, {ONE: 3})


def test_undated_lines_belong_to_the_first_day_for_which_their_file_counts() -> None:
    assert manifests(LATEST, drops(MONTH)) == {
        ONE: (Entry("a.csv", "sha a.csv", 7, undated=2),),
        TWO: (Entry("a.csv", "sha a.csv", 6),),
        THREE: (Entry("a.csv", "sha a.csv", 7),),
    }
    assert manifests(LATEST, drops(MONTH, RESTATED)) == {
        ONE: (Entry("b.csv", "sha b.csv", 3),),
        TWO: (Entry("a.csv", "sha a.csv", 8, undated=2),),
        THREE: (Entry("a.csv", "sha a.csv", 7),),
    }


def test_undated_lines_of_files_that_add_up_stay_on_the_first_day() -> None:
    assert manifests(UNION, drops(MONTH, RESTATED))[ONE] == (
        Entry("a.csv", "sha a.csv", 7, undated=2),
        Entry("b.csv", "sha b.csv", 3),
    )


def test_a_day_to_which_undated_lines_move_is_due_again() -> None:
    before, after = (manifests(LATEST, drops(*some)) for some in ([MONTH], [MONTH, RESTATED]))

    assert differing(before, after) == {ONE, TWO}
    assert fingerprint(LATEST, before[TWO]) != fingerprint(LATEST, after[TWO])
    assert fingerprint(LATEST, before[THREE]) == fingerprint(LATEST, after[THREE])


def test_by_name_the_last_name_counts_whatever_the_times() -> None:
    older = known("sales_2.csv", 1, {ONE: 1})
    newer = known("sales_1.csv", 9, {ONE: 1, TWO: 1})

    found = manifests(BY_NAME, drops(older, newer))

    assert {day: entry.file for day, (entry,) in found.items()} == {
        ONE: "sales_2.csv",
        TWO: "sales_1.csv",
    }
    assert manifests(LATEST, drops(older, newer))[ONE][0].file == "sales_1.csv"


def test_the_same_content_under_two_names_adds_up_once_under_the_first_name() -> None:
    packed = known("x.csv.gz", 1, {ONE: 4}, undated=1, content="sha x.csv")
    plain = known("x.csv", 2, {ONE: 4}, undated=1)

    assert manifests(UNION, drops(packed, plain)) == {ONE: (Entry("x.csv", "sha x.csv", 5, 1),)}
    assert manifests(UNION, drops(packed)) == {ONE: (Entry("x.csv.gz", "sha x.csv.gz", 5, 1),)}
    assert manifests(LATEST, drops(packed, plain)) == manifests(LATEST, drops(plain))


NAMES = st.sampled_from(["a.csv", "b.csv", "c.csv", "d.csv"])
DAYS = st.dictionaries(st.sampled_from([ONE, TWO, THREE]), st.integers(1, 9), min_size=1)
DROPS = st.lists(
    st.builds(known, NAMES, st.integers(1, 3), DAYS, st.integers(0, 3)),
    unique_by=lambda item: item.drop.file,
)


@given(DROPS, st.sampled_from([LATEST, UNION, BY_NAME]), st.randoms())
def test_no_order_of_arrival_changes_a_day_and_no_line_that_counts_is_lost(
    items: list[Known], rule: SourceContract, chance: random.Random
) -> None:
    found = manifests(rule, drops(*items))
    chance.shuffle(items)

    assert manifests(rule, drops(*items)) == found
    for item in items:
        own = [entry for day in found.values() for entry in day if entry.file == item.drop.file]
        assert item.inspection is not None
        assert sum(entry.undated for entry in own) == (item.inspection.undated if own else 0)
        if rule is UNION:
            assert sum(entry.lines for entry in own) == item.inspection.lines


@pytest.mark.parametrize("first", [1, 2])
def test_a_refused_drop_spoils_the_day_of_its_name_and_all_others_may_spoil_any(first: int) -> None:
    shop = load_contract(SHOP)
    bad = [Known(Drop(f"2024-01-0{n}.csv", 1, 1), None, f"{n} is empty") for n in (first, 2)]

    assert refusals(shop, drops(*bad), [ONE, THREE]) == ({ONE: "1 is empty"} if first == 1 else {})
    assert refusals(LATEST, drops(*bad), [THREE]).keys() == {THREE}


def test_an_equal_fingerprint_means_the_same_bytes_under_the_same_contract(
    shop: SourceContract,
) -> None:
    entry = Entry("a", "1", 5)
    seen = {
        fingerprint(shop, (entry,)),
        fingerprint(shop, (replace(entry, file="b"),)),
        fingerprint(shop, (replace(entry, sha256="2"),)),
        fingerprint(shop, (entry, replace(entry, file="b"))),
        fingerprint(replace(shop, digest="another"), (entry,)),
    }

    assert len(seen) == 5
    assert all(len(value) == 16 and int(value, 16) for value in seen)
    assert fingerprint(shop, (replace(entry, lines=9),)) in seen
    assert fingerprint(shop, ()) == "empty"


def known_drop(file: str, modified: int, sha256: str | None, *days: date) -> Known:
    found = Inspection(sha256, (Part("", (), 1, True, dict.fromkeys(days, 1)),)) if sha256 else None
    return Known(Drop(file, 1, modified), found, "" if found else "refused")


SHARING = {
    item.drop.file: item
    for item in (
        known_drop("a", 3, "1", ONE, TWO),
        known_drop("b", 2, "2", TWO, THREE),
        known_drop("c", 2, "2", TWO),
        known_drop("d", 4, None),
    )
}


def test_of_drops_that_share_a_day_the_latest_is_the_day(shop: SourceContract) -> None:
    latest = replace(shop, overlap=Overlap.LATEST)

    assert manifests(latest, SHARING) == {
        ONE: (Entry("a", "1", 1),),
        TWO: (Entry("a", "1", 1),),
        THREE: (Entry("b", "2", 1),),
    }


def test_of_drops_that_are_as_old_the_last_name_is_the_latest(shop: SourceContract) -> None:
    latest = replace(shop, overlap=Overlap.LATEST)

    found = manifests(latest, {file: SHARING[file] for file in ("c", "b")})

    assert found[TWO] == (Entry("c", "2", 1),)


def test_drops_that_add_up_count_the_same_bytes_once(shop: SourceContract) -> None:
    union = replace(shop, overlap=Overlap.UNION)

    assert manifests(union, SHARING) == {
        ONE: (Entry("a", "1", 1),),
        TWO: (Entry("a", "1", 1), Entry("b", "2", 1)),
        THREE: (Entry("b", "2", 1),),
    }


@pytest.mark.parametrize(
    ("contract", "file", "sha256", "days"),
    [
        ("shop", "tests/shop/2024-01-01.csv", "1", frozenset({TWO})),
        ("shop", "tests/shop/2024-01-01.csv", None, frozenset({ONE})),
        ("shop", "tests/shop/first.csv", None, None),
        ("till", "tests/till/2024-01-01.csv", None, None),
    ],
)
def test_the_days_of_a_drop_come_from_its_inspection_or_else_from_its_name(
    request: pytest.FixtureRequest,
    contract: str,
    file: str,
    sha256: str | None,
    days: frozenset[date] | None,
) -> None:
    item = known_drop(file, 1, sha256, TWO)

    assert item.days_at_most(request.getfixturevalue(contract)) == days
