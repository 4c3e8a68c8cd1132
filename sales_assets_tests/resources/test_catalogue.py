"""The catalogue of drops: which changes it notices, and of which days they are."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sales_assets.contracts.inspection import Inspection, inspect
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import Window
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_changes import Change
from sales_assets_tests.harness import drop
from sales_assets_tests.resources.catalogue_scene import (
    FIRST,
    LINE,
    LONG_AGO,
    ONE,
    SECOND,
    THREE,
    TWO,
    Scene,
    manifest,
)


def test_new_drops_are_numbered_changes_with_their_days_and_are_seen_once(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(SECOND, drop(LINE, LINE))
    scene.write(FIRST, drop(LINE))

    known = scene.refresh(shop)

    assert {file: item.inspection and item.inspection.lines for file, item in known.items()} == {
        FIRST: 1,
        SECOND: 2,
    }
    changes = scene.catalogue.changes_after(0)
    assert changes == [
        Change(changes[0].number, shop.name, FIRST, frozenset({ONE})),
        Change(changes[1].number, shop.name, SECOND, frozenset({TWO})),
    ]
    assert changes[0].number < changes[1].number
    assert scene.catalogue.changes_after(changes[0].number) == changes[1:]

    assert scene.refresh(shop) == known
    assert scene.inspected == []
    assert scene.catalogue.changes_after(changes[1].number) == []


@pytest.mark.parametrize(
    ("text", "modified"),
    [(drop(LINE, LINE), LONG_AGO), (drop(LINE.replace("tea", "pot")), LONG_AGO + 1)],
    ids=["other size", "other time"],
)
def test_a_drop_that_changed_is_a_change_of_the_days_it_held_and_holds(
    scene: Scene, till: SourceContract, text: str, modified: float
) -> None:
    file = "tests/till/a.csv"
    scene.write(file, drop(LINE))
    scene.days[file] = {ONE: 1}
    scene.refresh(till)

    scene.write(file, text, modified)
    scene.days[file] = {TWO: 1}
    scene.refresh(till)

    assert scene.changes() == [
        (till.name, file, frozenset({ONE})),
        (till.name, file, frozenset({ONE, TWO})),
    ]


def test_a_drop_that_changed_within_one_time_stamp_is_noticed(
    scene: Scene, shop: SourceContract
) -> None:
    now = time.time()
    scene.write(FIRST, drop(LINE), modified=now)
    before = scene.refresh(shop)[FIRST]
    scene.write(FIRST, drop(LINE.replace("tea", "pot")), modified=now)

    after = scene.refresh(shop)[FIRST]

    assert after.drop == before.drop
    assert after.inspection != before.inspection
    assert len(scene.changes()) == 2


def test_a_drop_that_went_is_a_change_of_its_days_and_is_forgotten(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write(SECOND, drop(LINE))
    scene.refresh(shop)
    last = scene.catalogue.changes_after(0)[-1].number

    (scene.root / FIRST).unlink()

    assert scene.refresh(shop).keys() == {SECOND}
    assert scene.catalogue.drop(shop, FIRST) is None
    assert scene.changes(last) == [(shop.name, FIRST, frozenset({ONE}))]
    scene.refresh(shop)
    assert len(scene.changes(last)) == 1


def test_a_renamed_drop_is_two_changes(scene: Scene, shop: SourceContract) -> None:
    scene.write(FIRST, drop(LINE))
    scene.refresh(shop)

    (scene.root / FIRST).rename(scene.root / SECOND)
    scene.refresh(shop)

    assert scene.changes()[1:] == [
        (shop.name, FIRST, frozenset({ONE})),
        (shop.name, SECOND, frozenset({TWO})),
    ]


def test_a_drop_that_may_still_be_written_to_is_left_as_it_was_known(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    before = scene.refresh(shop, settle_seconds=60)

    scene.write(FIRST, drop(LINE) + "2,2024-01-0", modified=time.time())
    scene.write(SECOND, "order,so", modified=time.time())

    assert scene.refresh(shop, settle_seconds=60) == before
    assert scene.inspected == []
    assert len(scene.changes()) == 1
    assert scene.refresh(shop).keys() == {FIRST, SECOND}


def test_a_drop_whose_time_lies_ahead_is_taken_as_it_is(scene: Scene, shop: SourceContract) -> None:
    scene.write(FIRST, drop(LINE), time.time() + 86_400)

    assert scene.refresh(shop, settle_seconds=5).keys() == {FIRST}


def test_sources_see_nothing_of_each_other(
    scene: Scene, shop: SourceContract, till: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write("tests/till/a.csv", drop(LINE))
    scene.refresh(shop)
    scene.refresh(till)
    scene.catalogue.record(shop, {ONE: manifest(FIRST)})
    scene.catalogue.record(till, {ONE: manifest("tests/till/a.csv")})

    assert scene.refresh(shop).keys() == {FIRST}
    assert scene.refresh(till).keys() == {"tests/till/a.csv"}
    assert [source for source, _, _ in scene.changes()] == [shop.name, till.name]
    assert scene.catalogue.drop(till, FIRST) is None
    assert scene.catalogue.manifests(shop, Window(ONE, TWO)) == {ONE: manifest(FIRST)}


def test_every_catalogue_has_a_name_of_its_own_that_stays(scene: Scene, tmp_path: Path) -> None:
    other = Catalogue(url=f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert scene.catalogue.identity == Catalogue(url=scene.address).identity != other.identity


def test_odd_names_are_kept_as_they_are(scene: Scene, shop: SourceContract) -> None:
    files = [
        f"tests/shop/{name} 2024-01-01.csv" for name in ("it's", "a\nb", "Süd", "東京", "%[x]*")
    ]
    for file in files:
        scene.write(file, drop(LINE))

    assert scene.refresh(shop).keys() == set(files)
    assert scene.refresh(shop).keys() == set(files)
    assert scene.inspected == []
    assert {file for _, file, _ in scene.changes()} == set(files)


def test_a_touched_drop_that_counts_instead_of_another_is_a_change_of_the_days_they_share(
    scene: Scene, till: SourceContract
) -> None:
    for file, seconds, days in (("a", 0, {ONE: 1, TWO: 1}), ("b", 1, {TWO: 1, THREE: 1})):
        scene.write(f"tests/till/{file}.csv", drop(LINE, *([LINE] * seconds)), LONG_AGO + seconds)
        scene.days[f"tests/till/{file}.csv"] = days
    scene.refresh(till)
    before = len(scene.changes())

    os.utime(scene.root / "tests/till/a.csv", (LONG_AGO + 2, LONG_AGO + 2))
    scene.refresh(till)

    assert scene.changes()[before:] == [(till.name, "tests/till/a.csv", frozenset({TWO}))]
    scene.refresh(till)
    assert len(scene.changes()) == before + 1


def test_undated_lines_that_move_to_another_day_are_a_change_of_it(
    scene: Scene, till: SourceContract
) -> None:
    def look(contract: SourceContract, path: Path, file: str) -> Inspection:
        found = inspect(contract, path, file)
        undated = 1 if file.endswith("a.csv") else 0
        days = {ONE: 1, TWO: 1} if undated else {ONE: 1}
        return replace(found, parts=(replace(found.parts[0], days=days, undated=undated),))

    scene.write("tests/till/a.csv", drop(LINE, LINE, ",,,,"))
    scene.catalogue.refresh(till, scene.zone, look)
    scene.write("tests/till/b.csv", drop(LINE), LONG_AGO + 1)
    scene.catalogue.refresh(till, scene.zone, look)

    touched = [days for _, _, days in scene.changes()]
    assert touched == [frozenset({ONE, TWO}), frozenset({ONE}), frozenset({TWO})]
