"""What the tests of exchange rates have in common: a stand-in of the API, and where things lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.exchange_rates.snapshot import SnapshotRates
from sales_assets.exchange_rates.state import RateState
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets_tests.frankfurter.rates import ECB_FILE
from sales_assets_tests.frankfurter.server import StandIn


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """The API, with nothing wrong yet."""
    with StandIn() as serving:
        yield serving


@pytest.fixture
def state(tmp_path: Path) -> RateState:
    """The database that `builders.live` uses too."""
    return RateState(url=f"sqlite:///{tmp_path / 'catalogue.sqlite'}")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryObjectStore:
    return DirectoryObjectStore(root=str(tmp_path / "objects"))


@pytest.fixture
def snapshot() -> SnapshotRates:
    return SnapshotRates(path=str(ECB_FILE))
