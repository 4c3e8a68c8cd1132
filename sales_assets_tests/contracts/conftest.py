"""An engine that judges drops, for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sales_assets_tests.contracts.builders import Desk, desk


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("tools")) as made:
        yield made
