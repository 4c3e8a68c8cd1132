"""What the catalogue has of days, whoever else writes into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sales_assets.contracts.figures import InCurrency
from sales_assets.contracts.inspection import inspect
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import UsageError
from sales_assets.partitions import Window
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets_tests.harness import drop
from sales_assets_tests.resources.catalogue_scene import (
    FIRST,
    LINE,
    ONE,
    SECOND,
    THREE,
    TWO,
    Scene,
    manifest,
    staged,
)
from sales_assets_tests.resources.processes import PROCESSES


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


def test_days_that_an_earlier_version_staged_tell_no_figures_and_new_ones_do(
    scene: Scene, shop: SourceContract
) -> None:
    scene.catalogue.record_staged(shop, {ONE: staged("x")})
    with sa.create_engine(scene.address).begin() as connection:
        connection.execute(sa.text("ALTER TABLE staged DROP COLUMN figures"))
        connection.execute(sa.text("ALTER TABLE staged DROP COLUMN preview"))
    figures = (InCurrency("EUR", 1, Decimal(2), Decimal(1), ONE, ONE, None, None, 0),)
    new = replace(staged("y"), figures=figures, preview=(("7", None, 2),))

    scene.catalogue = Catalogue(url=scene.address)
    scene.catalogue.record_staged(shop, {TWO: new})

    assert scene.catalogue.staged(shop, Window(ONE, THREE)) == {ONE: staged("x"), TWO: new}
