"""When a drop is inspected again, and when the catalogue goes by what it remembers."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from sales_assets.contracts.model import SourceContract
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.landing_zone import Drop
from sales_assets_tests.harness import drop
from sales_assets_tests.resources.catalogue_scene import FIRST, LINE, LONG_AGO, ONE, Scene


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
