"""A contract's digest changes with everything that can change a row, and with nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.contracts.builders import (
    GONE,
    LINES,
    REVENUE,
    TILL,
    changed,
    load,
)

COLUMN = f"{LINES}.3"
RULE = "schema.1.quality.0"


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the unchanged contract."""
    return load(tmp_path_factory.mktemp("till"), TILL).digest


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "till2"),
        ("servers.0.path", "shop/other/*.csv"),
        ("servers.0.customProperties", [{"property": "delimiter", "value": ";"}]),
        ("servers.0.customProperties", [{"property": "quoteChar", "value": "'"}]),
        ("servers.0.customProperties", [{"property": "missingValues", "value": ["NA"]}]),
        ("customProperties.0.value.fileName", r"(?P<day>\d{8})"),
        ("customProperties.0.value.format", "yyyyMMdd"),
        ("customProperties.+", {"property": "overlappingDrops", "value": "latest"}),
        ("customProperties.+", {"property": "overlappingDrops", "value": "latestByName"}),
        ("slaProperties.0.value", 3),
        (f"{COLUMN}.physicalName", "Price"),
        (f"{COLUMN}.required", False),
        (f"{COLUMN}.physicalType", "DECIMAL(12,2)"),
        (f"{COLUMN}.logicalTypeOptions", {"minimum": 1}),
        (f"{COLUMN}.logicalTypeOptions", {"exclusiveMaximum": 1}),
        (f"{LINES}.0.logicalTypeOptions", {"pattern": "R.*"}),
        (f"{LINES}.0.logicalTypeOptions", {"maxLength": 9}),
        (f"{LINES}.1.logicalTypeOptions", {"format": "dd.MM.yyyy"}),
        (f"{LINES}.4.enum", [{"value": "sold"}]),
        (f"{LINES}.+", {"name": "note", "logicalType": "string"}),
        (f"{REVENUE}.3.transformLogic", "price * qty"),
        (f"{REVENUE}.2", GONE),
    ],
)
def test_the_digest_changes_with_what_can_change_a_row(
    path: str, value: Any, digest: str, tmp_path: Path
) -> None:
    assert load(tmp_path, changed(path, value)).digest != digest


def test_the_digest_changes_with_where_the_day_comes_from(digest: str, tmp_path: Path) -> None:
    stated = {"property": "overlappingDrops", "value": "union"}
    content = changed("customProperties.0.value", {"column": "sold_on"})

    assert load(tmp_path, changed("customProperties.+", stated, content)).digest != digest


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "another"),
        ("version", "2.0.0"),
        ("status", "draft"),
        ("description", {"purpose": "Sales of the shop."}),
        ("tags", ["daily"]),
        ("domain", "shops"),
        ("team.members", []),
        ("support", [{"channel": "shop", "tool": "email"}]),
        ("servers.0.description", "The folder on the server."),
        ("servers.0.encoding", "utf-8"),
        ("servers.0.customProperties", [{"property": "delimiter", "value": ","}]),
        ("servers.0.customProperties", [{"property": "missingValues", "value": [""]}]),
        ("customProperties.0.value.format", "yyyy-MM-dd"),
        ("customProperties.1.value.end", "2026-01-01"),
        ("customProperties.2", GONE),
        ("customProperties.+", {"property": "overlappingDrops", "value": "union"}),
        ("slaProperties.+", {"property": "frequency", "value": 1, "unit": "d"}),
        ("schema.0.dataGranularityDescription", "One line is one article."),
        ("schema.0.businessName", "Till"),
        (f"{COLUMN}.description", "Price with tax."),
        (f"{COLUMN}.classification", "internal"),
        (f"{COLUMN}.tags", ["money"]),
        (f"{COLUMN}.physicalType", "DECIMAL(18,4)"),
        (f"{LINES}.4.enum", [{"value": "sold", "description": "x"}, {"value": "returned"}]),
        (f"{REVENUE}.3.transformLogic", "qty   *   price /* units times price */"),
        (f"{REVENUE}.3.transformDescription", "Units times price."),
        (f"{RULE}.mustBe", 5),
        ("schema.1.quality", GONE),
    ],
)
def test_the_digest_stays_with_what_cannot_change_a_row(
    path: str, value: Any, digest: str, tmp_path: Path
) -> None:
    assert load(tmp_path, changed(path, value)).digest == digest


def test_another_version_of_the_parser_is_another_digest(
    digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.contracts.load.PARSER_VERSION", "another")

    assert load(tmp_path, TILL).digest != digest
