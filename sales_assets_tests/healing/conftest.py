"""Installations with drops of three days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.harness import SHOP, Installation
from sales_assets_tests.healing.sensing import DAYS, BrokenStore, Make, land


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes an installation with drops of three days; healing waits for nobody by default."""
    with ExitStack() as stack:
        # Of days after those with drops this contract says nothing.
        contract = tmp_path / SHOP.name
        contract.write_text(SHOP.read_text().replace("end: 2024-03-01", "end: 2024-01-04"))

        def make(**settings: Any) -> Installation:
            settings = {"healing_patience_seconds": 0, "settle_seconds": 0} | settings
            store = BrokenStore(root=str(tmp_path / "objects"))
            made = stack.enter_context(
                Installation(tmp_path / "home", [contract], {"object_store": store}, **settings)
            )
            for day in DAYS:
                land(made, day, "1.50")
            return made

        yield make
