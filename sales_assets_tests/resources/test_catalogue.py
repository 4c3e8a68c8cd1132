"""The catalogue of drops: what it notices, what it remembers, and who else uses it.

Drops are real files, with their times set; other processes are real ones.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from sales_assets.contracts.inspection import Inspection, inspect
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import DropError, TransientError
from sales_assets.partitions import Window
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


def test_a_touched_drop_with_the_same_bytes_is_no_change(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.refresh(shop)

    scene.write(FIRST, drop(LINE), modified=LONG_AGO + 1)
    known = scene.refresh(shop)

    assert scene.inspected == [FIRST]
    assert known[FIRST].drop.modified_ns == (LONG_AGO + 1) * 10**9
    assert len(scene.changes()) == 1
    scene.refresh(shop)
    assert scene.inspected == []


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


def test_a_changed_contract_has_every_drop_inspected_again_and_is_a_change_of_its_days(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    scene.refresh(shop)

    changed = replace(shop, digest="another")
    scene.refresh(changed)
    assert scene.inspected == [FIRST]

    scene.refresh(changed)
    assert scene.inspected == []
    assert scene.changes()[1:] == [(shop.name, FIRST, frozenset({ONE}))]


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


def test_a_drop_was_first_seen_when_it_came_as_it_is_and_not_when_the_contract_changed(
    scene: Scene, till: SourceContract
) -> None:
    scene.write("tests/till/a.csv", drop(LINE))
    scene.write("tests/till/b.csv", drop(LINE, LINE))
    one, two = scene.refresh(till).values()
    assert 0 < one.first_seen_ns == two.first_seen_ns

    scene.write("tests/till/b.csv", drop(LINE, LINE), LONG_AGO + 1)
    again, later = scene.refresh(replace(till, digest="another")).values()
    kept = scene.catalogue.drop(till, "tests/till/b.csv")

    assert again.first_seen_ns == one.first_seen_ns < later.first_seen_ns
    assert kept is not None
    assert kept.first_seen_ns == later.first_seen_ns


def test_what_an_earlier_version_kept_is_inspected_again(
    scene: Scene, shop: SourceContract
) -> None:
    scene.write(FIRST, drop(LINE))
    known = scene.refresh(shop)
    with sa.create_engine(scene.address).begin() as connection:
        connection.execute(sa.text("ALTER TABLE drops DROP COLUMN first_seen_ns"))
        connection.execute(sa.text("ALTER TABLE drops DROP COLUMN etag"))
        text = json.dumps({"sha256": "1", "parts": []})
        connection.execute(sa.text("UPDATE drops SET inspection = :text"), {"text": text})

    scene.catalogue = Catalogue(url=scene.address)

    assert scene.refresh(shop) == known
    assert scene.inspected == [FIRST]


class Versioned(DirectoryLandingZone):
    """A directory whose files have versions, as objects have."""

    def list(self, pattern: str) -> list[Drop]:
        return [replace(found, etag=self._etag(found)) for found in super().list(pattern)]

    def stat(self, file: str) -> Drop | None:
        found = super().stat(file)
        return found and replace(found, etag=self._etag(found))

    def _etag(self, found: Drop) -> str:
        return str(hash(Path(self.root, found.file).read_bytes()))


def test_another_version_of_the_same_size_and_time_is_noticed_and_the_same_is_not_read_again(
    scene: Scene, shop: SourceContract
) -> None:
    scene.zone = Versioned(root=str(scene.root))
    now = time.time()
    scene.write(FIRST, drop(LINE), now)
    before = scene.refresh(shop, settle_seconds=60)[FIRST]  # though it came just now
    assert before.inspection is not None
    scene.refresh(shop)
    assert scene.inspected == []

    scene.write(FIRST, drop(LINE.replace("tea", "pot")), now)
    after = scene.refresh(shop)[FIRST]

    assert replace(before.drop, etag=after.drop.etag) == after.drop != before.drop
    assert after.inspection != before.inspection
    assert scene.catalogue.drop(shop, FIRST) == after
    assert len(scene.changes()) == 2


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
