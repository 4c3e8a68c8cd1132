"""The catalogue of drops: what it notices, what it remembers, and who else uses it.

Drops are real files, with their times set; other processes are real ones.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sales_assets.contracts.inspection import Inspection, Part, inspect
from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import Overlap, SourceContract
from sales_assets.errors import DropError, TransientError, UsageError
from sales_assets.partitions import Window
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_changes import Change
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Entry, Known, Manifest, fingerprint, manifests
from sales_assets_tests.harness import SHOP, TILL, drop
from sales_assets_tests.resources.processes import PROCESSES
from sales_assets_tests.services import database

ONE, TWO, THREE = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
LONG_AGO = 1_700_000_000
LINE = "1,2024-01-01,tea,c,1.00"


class Scene:
    """A catalogue, a landing zone, and every inspection that was made."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self.catalogue = Catalogue(url=self.address)
        self.root = folder / "landing"
        self.zone = DirectoryLandingZone(root=str(self.root))
        self.inspected: list[str] = []
        self.days: dict[str, dict[date, int]] = {}

    def write(self, file: str, text: str, modified: float = LONG_AGO) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (modified, modified))

    def inspect(self, contract: SourceContract, path: Path, file: str) -> Inspection:
        self.inspected.append(file)
        found = inspect(contract, path, file)
        (part,) = found.parts
        return replace(found, parts=(replace(part, days=self.days.get(file, part.days)),))

    def refresh(
        self,
        contract: SourceContract,
        settle_seconds: float = 0.0,
        told: Collection[str] | None = None,
    ) -> dict[str, Known]:
        """Refresh, having forgotten earlier inspections."""
        self.inspected.clear()
        return self.catalogue.refresh(contract, self.zone, self.inspect, settle_seconds, told)

    def changes(self, after: int = 0) -> list[tuple[str, str, frozenset[date]]]:
        found = self.catalogue.changes_after(after)
        return [(change.source, change.file, change.days) for change in found]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    with database(request.param, tmp_path / "new" / "catalogue.sqlite") as address:
        yield Scene(tmp_path, address)


@pytest.fixture(scope="module")
def shop() -> SourceContract:
    """One file for each day."""
    return load_contract(SHOP)


@pytest.fixture(scope="module")
def till() -> SourceContract:
    """Files whose lines say the day."""
    return load_contract(TILL)


FIRST = "tests/shop/2024-01-01.csv"
SECOND = "tests/shop/2024-01-02.csv"


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


def manifest(*files: str) -> Manifest:
    return tuple(Entry(file, f"sha of {file}", number) for number, file in enumerate(files, 1))


def staged(day_fingerprint: str, accepted: int = 3) -> StagedCounts:
    amount = Decimal("12345678901234567890123456789012.3456")
    return StagedCounts(day_fingerprint, accepted, 1, amount, Decimal("-0.0001"))


def test_days_with_accepted_lines_of_any_source_are_staged_days(
    scene: Scene, shop: SourceContract, till: SourceContract
) -> None:
    assert scene.catalogue.staged_days() == set()
    scene.catalogue.record_staged(shop, {ONE: staged("x"), TWO: staged("y", 0)})
    scene.catalogue.record_staged(till, {ONE: staged("x", 0), THREE: staged("y")})
    assert scene.catalogue.staged_days() == {ONE, THREE}


def test_what_was_recorded_replaces_the_day_and_no_other(
    scene: Scene, shop: SourceContract
) -> None:
    scene.catalogue.record(shop, {ONE: manifest("a", "b"), TWO: manifest("c"), THREE: ()})
    scene.catalogue.record_staged(shop, {ONE: staged("x"), TWO: staged("y")})

    scene.catalogue.record(shop, {TWO: manifest("d", "e")})
    scene.catalogue.record_staged(shop, {TWO: staged("z", 4)})
    scene.catalogue.record(shop, {})
    scene.catalogue.record_staged(shop, {})

    three_days = Window(ONE, date(2024, 1, 4))
    expected = {ONE: manifest("a", "b"), TWO: manifest("d", "e"), THREE: ()}
    assert scene.catalogue.manifests(shop, three_days) == expected
    assert scene.catalogue.recorded(shop, three_days) == expected
    assert scene.catalogue.staged(shop, three_days) == {ONE: staged("x"), TWO: staged("z", 4)}


def test_a_window_gives_only_its_own_days(scene: Scene, shop: SourceContract) -> None:
    scene.catalogue.record(shop, {day: manifest("a") for day in (ONE, TWO, THREE)})
    scene.catalogue.record_staged(shop, {day: staged("x") for day in (ONE, TWO, THREE)})

    assert scene.catalogue.manifests(shop, Window(TWO, THREE)).keys() == {TWO}
    assert scene.catalogue.staged(shop, Window(TWO, THREE)).keys() == {TWO}


def test_asking_for_days_that_raw_has_not_recorded_says_what_to_materialise(
    scene: Scene, shop: SourceContract
) -> None:
    scene.catalogue.record(shop, {ONE: ()})

    with pytest.raises(UsageError) as error:
        scene.catalogue.recorded(shop, Window(ONE, date(2024, 1, 5)))

    assert str(error.value) == (
        "tests/shop: 3 days from 2024-01-02 on have no raw asset yet; "
        "materialise tests/shop/raw for them first"
    )


def test_everything_survives_reopening(scene: Scene, shop: SourceContract) -> None:
    scene.write(FIRST, drop(LINE))
    scene.write(SECOND, "not the header\n")
    known = scene.refresh(shop)
    scene.catalogue.record(shop, {ONE: manifest("a")})
    scene.catalogue.record_staged(shop, {ONE: staged("x")})
    changes = scene.catalogue.changes_after(0)

    scene.catalogue = Catalogue(url=scene.address)

    assert scene.catalogue.changes_after(0) == changes
    assert scene.catalogue.drop(shop, FIRST) == known[FIRST]
    assert scene.catalogue.manifests(shop, Window(ONE, TWO)) == {ONE: manifest("a")}
    assert scene.catalogue.staged(shop, Window(ONE, TWO)) == {ONE: staged("x")}
    assert scene.refresh(shop) == known
    assert scene.inspected == []

    (scene.root / FIRST).unlink()
    scene.refresh(shop)
    assert scene.catalogue.changes_after(0)[:-1] == changes


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


DROPS = {
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

    assert manifests(latest, DROPS) == {
        ONE: (Entry("a", "1", 1),),
        TWO: (Entry("a", "1", 1),),
        THREE: (Entry("b", "2", 1),),
    }


def test_of_drops_that_are_as_old_the_last_name_is_the_latest(shop: SourceContract) -> None:
    latest = replace(shop, overlap=Overlap.LATEST)

    found = manifests(latest, {file: DROPS[file] for file in ("c", "b")})

    assert found[TWO] == (Entry("c", "2", 1),)


def test_drops_that_add_up_count_the_same_bytes_once(shop: SourceContract) -> None:
    union = replace(shop, overlap=Overlap.UNION)

    assert manifests(union, DROPS) == {
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


def refresh_often(address: str, root: str, contract: SourceContract, start: Any) -> None:
    catalogue = Catalogue(url=address)
    start.wait()
    for seconds in range(5):
        for path in Path(root).rglob("*.csv"):
            os.utime(path, (seconds, seconds))
        catalogue.refresh(contract, DirectoryLandingZone(root=root), inspect)


def record_days(address: str, contract: SourceContract, days: list[date], start: Any) -> None:
    catalogue = Catalogue(url=address)
    start.wait()
    for day in days:
        catalogue.record(contract, {day: manifest("a")})
        catalogue.record_staged(contract, {day: staged("x")})


Work = tuple[Callable[..., None], tuple[Any, ...]]


def run_at_once(*work: Work) -> list[int | None]:
    """Run this in processes of its own, all at once, and give their exit codes."""
    start = PROCESSES.Event()
    processes = [PROCESSES.Process(target=target, args=(*args, start)) for target, args in work]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def test_processes_that_make_the_catalogue_and_write_at_once_lose_and_double_nothing(
    scene: Scene, shop: SourceContract, till: SourceContract
) -> None:
    for number in range(1, 11):
        scene.write(f"tests/shop/2024-01-{number:02}.csv", drop(LINE))
    january, february = (
        list(Window.of_keys(first, last).days())
        for first, last in (("2024-01-22", "2024-01-31"), ("2024-02-01", "2024-02-10"))
    )
    assert run_at_once(
        (refresh_often, (scene.address, str(scene.root), shop)),
        (refresh_often, (scene.address, str(scene.root), shop)),
        (record_days, (scene.address, shop, january)),
        (record_days, (scene.address, shop, february)),
        (record_days, (scene.address, till, january)),
    ) == [0, 0, 0, 0, 0]

    window = Window.of_keys("2024-01-22", "2024-02-10")
    assert scene.catalogue.recorded(shop, window).keys() == {*january, *february}
    assert scene.catalogue.staged(shop, window).keys() == {*january, *february}
    assert scene.catalogue.staged(till, window).keys() == {*january}
    changes = scene.catalogue.changes_after(0)
    assert len(changes) == len({change.file for change in changes}) == 10


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
