"""Looking only at drops that events told of, and listing all of them every so often."""

from __future__ import annotations

import time
from dataclasses import replace

from sales_assets.contracts.model import SourceContract
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets_tests.harness import drop
from sales_assets_tests.resources.catalogue_scene import (
    FIRST,
    LINE,
    LONG_AGO,
    SECOND,
    TWO,
    Scene,
)


def test_only_what_was_told_of_is_looked_at_and_the_rest_stays_as_it_was_known(
    scene: Scene, shop: SourceContract
) -> None:
    third = "tests/shop/2024-01-03.csv"
    for file in (FIRST, SECOND):
        scene.write(file, drop(LINE))
    before = scene.refresh(shop)
    for file in (FIRST, SECOND, third):
        scene.write(file, drop(LINE, LINE), LONG_AGO + 1)

    known = scene.refresh(shop, told={SECOND, third, "tests/shop/none.csv", "tests/till/a.csv"})

    assert scene.inspected == [SECOND, third]
    assert known.keys() == {FIRST, SECOND, third}
    assert known[FIRST] == before[FIRST]
    assert [file for _, file, _ in scene.changes()] == [FIRST, SECOND, SECOND, third]
    assert scene.refresh(shop, told=()) == known
    assert scene.inspected == []
    assert scene.refresh(shop).keys() == known.keys()
    assert scene.inspected == [FIRST]


def test_only_a_drop_that_was_told_of_goes(scene: Scene, shop: SourceContract) -> None:
    for file in (FIRST, SECOND):
        scene.write(file, drop(LINE))
    scene.refresh(shop)
    for file in (FIRST, SECOND):
        (scene.root / file).unlink()

    assert scene.refresh(shop, told={SECOND}).keys() == {FIRST}
    assert scene.changes()[2:] == [(shop.name, SECOND, frozenset({TWO}))]


def test_what_the_contract_does_not_take_is_no_drop_though_it_was_told_of(
    scene: Scene, shop: SourceContract
) -> None:
    files = ["tests/shop/.2024-01-01.csv", "tests/shop/below/2024-01-01.csv", "../2024-01-01.csv"]
    for file in files:
        scene.write(file, drop(LINE))

    assert scene.refresh(shop, told=files) == {}
    assert scene.inspected == []


def test_a_listing_is_due_at_first_every_so_often_and_with_another_contract_or_zone(
    scene: Scene, shop: SourceContract, till: SourceContract
) -> None:
    hour, now = 3600 * 10**9, time.time_ns()
    is_due = scene.catalogue.listing_is_due
    assert is_due(shop, scene.zone, 24)
    scene.catalogue.note_listing(shop, scene.zone, now - 23 * hour)

    assert not is_due(shop, scene.zone, 24)
    assert is_due(shop, scene.zone, 22)
    assert is_due(till, scene.zone, 24)
    assert is_due(replace(shop, digest="another"), scene.zone, 24)
    assert is_due(shop, DirectoryLandingZone(root="/another"), 24)

    scene.catalogue.note_listing(shop, scene.zone, now + hour)  # the clock was put back
    assert is_due(shop, scene.zone, 24)
