"""The installation of the tests here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets_tests.conftest import skip_or_fail
from sales_assets_tests.metrics.world import World, world


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """An installation without a history, in SQLite."""
    with world(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' program that checks rules and numbers."""
    found = shutil.which("promtool")
    if found is None:
        skip_or_fail("there is no promtool: apt-get install prometheus")
    return found
