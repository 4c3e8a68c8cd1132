"""Which days of a source are due, as its drops, its contract and the warehouse are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import dagster as dg
import pytest

from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets.contracts.inspection import Inspection, Part
from sales_assets.contracts.model import SourceContract
from sales_assets.planning import due_days, recorded_days
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Entry, Known, fingerprint
from sales_assets.resources.warehouse import LoadedDay
from sales_assets_tests.planned import DAILY, MANY, day, span


def known(
    contract: SourceContract, file: str, days: dict[date, int] | None, refused: str = ""
) -> Known:
    drop = Drop(file, 100, 1)
    if days is None:
        return Known(drop, None, refused)
    return Known(
        drop, Inspection(f"sha of {file}", (Part("", ("a",), sum(days.values()), True, days),)), ""
    )


def loaded(contract: SourceContract, item: Known, when: date) -> LoadedDay:
    assert item.inspection is not None
    entry = Entry(item.drop.file, item.inspection.sha256, item.inspection.days[when])
    zero = Decimal(0)
    return LoadedDay(when, fingerprint(contract, (entry,)), entry.lines, 0, 0, zero, zero)


def keys(days: Iterable[date]) -> set[str]:
    return {day.isoformat() for day in days}


def test_nothing_is_due_where_every_day_is_as_its_drops_are() -> None:
    drops = {name: known(DAILY, name, {day(n): 5}) for n, name in ((1, "a.csv"), (2, "b.csv"))}
    there = {
        day(1): loaded(DAILY, drops["a.csv"], day(1)),
        day(2): loaded(DAILY, drops["b.csv"], day(2)),
    }

    assert due_days(DAILY, span(1, 4), drops, there, keys(span(1, 4).days())) == []


def test_a_day_is_due_if_its_drop_came_changed_or_went() -> None:
    same = known(DAILY, "same.csv", {day(1): 5})
    changed = known(DAILY, "changed.csv", {day(2): 5})
    gone = known(DAILY, "gone.csv", {day(3): 5})
    came = known(DAILY, "came.csv", {day(4): 5})
    assert changed.inspection is not None
    there = {
        day(1): loaded(DAILY, same, day(1)),
        day(2): replace(loaded(DAILY, changed, day(2)), fingerprint="another"),
        day(3): loaded(DAILY, gone, day(3)),
    }
    drops = {item.drop.file: item for item in (same, changed, came)}

    due = due_days(DAILY, span(1, 5), drops, there, keys(span(1, 5).days()))

    assert due == [day(2), day(3), day(4)]


def test_a_day_is_due_if_the_contract_changed() -> None:
    drops = {"a.csv": known(DAILY, "a.csv", {day(1): 5})}
    there = {day(1): loaded(replace(DAILY, digest="before"), drops["a.csv"], day(1))}

    assert due_days(DAILY, span(1, 2), drops, there, keys(span(1, 2).days())) == [day(1)]


def test_a_day_is_due_if_it_was_never_materialised() -> None:
    assert due_days(DAILY, span(1, 3), {}, {}, keys([day(1), day(3)])) == [day(2)]


def test_a_refused_drop_makes_the_day_due_that_its_name_says() -> None:
    drops = {"2011-01-03.csv": known(DAILY, "2011-01-03.csv", None, "is empty")}

    assert due_days(DAILY, span(1, 5), drops, {}, keys(span(1, 5).days())) == [day(3)]


@pytest.mark.parametrize(("contract", "file"), [(DAILY, "export.csv"), (MANY, "2011-01-03.csv")])
def test_a_refused_drop_that_may_hold_any_day_makes_all_of_them_due(
    contract: SourceContract, file: str
) -> None:
    drops = {file: known(contract, file, None, "is empty")}

    assert due_days(contract, span(1, 3), drops, {}, keys(span(1, 3).days())) == [
        day(1),
        day(2),
        day(3),
    ]


def test_a_day_counts_as_recorded_once_its_marts_came_after_its_revenue() -> None:
    mart = dg.AssetKey(["marts", "daily_revenue"])
    layers = [EXCHANGE_RATES, *(asset_key(DAILY, layer) for layer in LAYERS)]

    def materialised(instance: dg.DagsterInstance, *keys: dg.AssetKey, on: int) -> None:
        for key in keys:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(key, partition=day(on).isoformat())
            )

    with dg.DagsterInstance.ephemeral() as instance:
        materialised(instance, *layers, mart, on=1)
        materialised(instance, mart, *layers, on=2)
        materialised(instance, *layers, on=3)
        materialised(instance, layers[1], layers[3], mart, on=4)
        materialised(instance, *layers, mart, on=5)
        materialised(instance, layers[3], on=5)
        materialised(instance, *layers, mart, on=6)
        materialised(instance, EXCHANGE_RATES, on=6)
        materialised(instance, *layers[1:], mart, on=7)

        assert recorded_days(instance, DAILY, [mart]) == keys([day(1)])
        assert recorded_days(instance, DAILY, []) == keys(map(day, (1, 2, 3, 5, 6)))


@pytest.mark.parametrize("again", [("raw",), ("raw", "staged"), ("staged",)])
def test_a_day_does_not_count_as_recorded_if_a_run_of_it_was_killed_before_it_recorded_revenue(
    again: Sequence[str],
) -> None:
    layers = [EXCHANGE_RATES, *(asset_key(DAILY, layer) for layer in LAYERS)]
    with dg.DagsterInstance.ephemeral() as instance:
        for key in (*layers, *(asset_key(DAILY, layer) for layer in again)):
            instance.report_runless_asset_event(
                dg.AssetMaterialization(key, partition=day(1).isoformat())
            )

        assert recorded_days(instance, DAILY, []) == set()
