"""The project, parsed once for all tests, and warehouses whose models are built.

Each test starts from a copy of one built warehouse, so that it pays for the runs it is about and
no others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sales_assets.dbt_manifest import prepare, read_manifest
from sales_assets_tests.dbt_project.built import DROPS, Warehouse, location_of


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parsed")
    prepare(location_of(folder / "warehouse.duckdb", folder))
    return folder


@pytest.fixture(scope="session")
def manifest(parsed: Path) -> dict[str, Any]:
    return read_manifest(parsed)


@pytest.fixture(scope="session")
def built(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """All drops, built at once. Take a `copied` one to change it."""
    made = Warehouse(tmp_path_factory.mktemp("built"), parsed)
    for (source, day), lines in DROPS.items():
        made.drop(source, day, lines)
    made.build()
    return made


@pytest.fixture
def copied(built: Warehouse, parsed: Path, tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "copied", parsed, copy_of=built)


@pytest.fixture
def from_scratch(parsed: Path, tmp_path: Path) -> Callable[[Warehouse], Warehouse]:
    """A copy of a warehouse, its models built anew from the revenue table as it is now."""

    def build(original: Warehouse) -> Warehouse:
        made = Warehouse(tmp_path / "scratch", parsed, copy_of=original)
        for schema in ("marts", "core", "staging"):
            made.query(f"DROP SCHEMA {schema} CASCADE")
        made.build()
        return made

    return build
