"""What the catalogue keeps when drops, zones or refreshes fail, or others use it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sales_assets.contracts.inspection import Inspection, inspect
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import DropError, TransientError
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_changes import Change
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Known
from sales_assets_tests.harness import drop
from sales_assets_tests.resources.catalogue_scene import (
    FIRST,
    LINE,
    LONG_AGO,
    ONE,
    SECOND,
    TWO,
    Scene,
)


def test_a_name_that_is_not_utf_8_is_refused_and_the_others_are_taken(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    odd = os.fsencode(scene.root / "tests/shop") + b"/\xe4 2024-01-02.csv"
    with open(odd, "w") as file:  # noqa: PTH123  # a Path would show the name as text
        file.write(drop(LINE))

    known = scene.refresh(shop)

    assert known[FIRST].inspection is not None
    [name] = known.keys() - {FIRST}
    assert "its name is not UTF-8" in known[name].refused
    assert scene.refresh(shop).keys() == {FIRST, name}


def test_a_drop_that_cannot_be_used_is_kept_with_the_reason_until_it_is_corrected(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write(SECOND, "not the header\n")

    for _ in range(2):
        known = scene.refresh(shop)
        assert known[FIRST].refused == ""
        assert known[SECOND].inspection is None
        assert "line 1: the header lacks 'order'" in known[SECOND].refused
        assert known[SECOND] == scene.catalogue.drop(shop, SECOND)
    assert scene.changes() == [
        (shop.name, FIRST, frozenset({ONE})),
        (shop.name, SECOND, frozenset({TWO})),
    ]

    scene.write(SECOND, drop(LINE))
    assert scene.refresh(shop)[SECOND].refused == ""
    assert scene.changes()[2:] == [(shop.name, SECOND, frozenset({TWO}))]


def test_a_drop_that_goes_while_others_are_read_is_refused_and_forgotten_next_time(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write(SECOND, drop(LINE))

    def inspect_and_remove(contract: SourceContract, path: Path, file: str) -> Inspection:
        (scene.root / SECOND).unlink()
        return inspect(contract, path, file)

    known = scene.catalogue.refresh(shop, scene.zone, inspect_and_remove)

    assert known[FIRST].inspection is not None
    assert "was removed from the landing zone" in known[SECOND].refused
    assert scene.refresh(shop).keys() == {FIRST}


def test_a_refresh_that_fails_leaves_the_catalogue_as_it_was(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write(SECOND, drop(LINE))

    def fail_on_second(contract: SourceContract, path: Path, file: str) -> Inspection:
        if file == SECOND:
            raise KeyError(file)
        return inspect(contract, path, file)

    with pytest.raises(KeyError):
        scene.catalogue.refresh(shop, scene.zone, fail_on_second)

    assert scene.changes() == []
    assert scene.catalogue.drop(shop, FIRST) is None
    assert scene.refresh(shop).keys() == {FIRST, SECOND}
    assert len(scene.changes()) == 2


@pytest.mark.parametrize("lost", [".", "tests", "tests/shop"])
def test_a_landing_zone_that_is_away_does_not_make_its_drops_go(
    scene: Scene, shop: SourceContract, lost: str
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.refresh(shop)
    away = (scene.root / lost).rename(scene.root.parent / "away")

    with pytest.raises(TransientError, match="mount it again"):
        scene.refresh(shop)
    assert len(scene.changes()) == 1

    away.rename(scene.root / lost)
    assert scene.refresh(shop).keys() == {FIRST}
    assert len(scene.changes()) == 1


def test_an_empty_folder_says_that_its_drops_went(scene: Scene, shop: SourceContract) -> None:
    scene.write(FIRST, drop(LINE))
    scene.refresh(shop)
    (scene.root / FIRST).unlink()

    assert scene.refresh(shop) == {}
    assert len(scene.changes()) == 2


def test_a_file_that_may_not_be_read_is_refused_and_the_others_are_taken(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write(SECOND, drop(LINE))

    def look(contract: SourceContract, path: Path, file: str) -> Inspection:
        if file == SECOND:
            raise PermissionError(13, "Permission denied")
        return inspect(contract, path, file)

    known = scene.catalogue.refresh(shop, scene.zone, look)

    assert known[FIRST].inspection is not None
    assert "cannot be read" in known[SECOND].refused


def test_a_drop_that_another_process_saw_come_back_does_not_go(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.refresh(shop)
    (scene.root / FIRST).unlink()
    other = Catalogue(url=scene.address)

    class Late(DirectoryLandingZone):
        """A zone that is listed just before a drop comes back, which somebody else notices."""

        def list(self, pattern: str) -> list[Drop]:
            found = super().list(pattern)
            scene.write(FIRST, drop(LINE, LINE), LONG_AGO + 1)
            other.refresh(shop, DirectoryLandingZone(root=self.root), inspect)
            return found

    scene.catalogue.refresh(shop, Late(root=str(scene.root)), scene.inspect)

    kept = scene.catalogue.drop(shop, FIRST)
    assert kept is not None
    assert kept.drop.modified_ns == (LONG_AGO + 1) * 10**9


def test_the_catalogue_can_be_read_while_it_is_being_refreshed(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write(SECOND, drop(LINE))
    seen: list[list[Change]] = []

    def look(contract: SourceContract, path: Path, file: str) -> Inspection:
        seen.append(Catalogue(url=scene.address).changes_after(0))
        return inspect(contract, path, file)

    scene.catalogue.refresh(shop, scene.zone, look)

    assert seen == [[], []]
    assert len(scene.changes()) == 2


def test_an_error_of_the_landing_zone_is_told_as_the_reason(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))

    def refuse(contract: SourceContract, path: Path, file: str) -> Inspection:
        raise DropError(f"{file}: because")

    known = scene.catalogue.refresh(shop, scene.zone, refuse)

    assert known == {FIRST: Known(known[FIRST].drop, None, f"{FIRST}: because", shop.digest)}
