"""One installation for all tests of a process.

Belongs here: the fixture. Does not: the installation (`stack`) or any expectation.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sales_assets_tests.platform.whole.stack import Stack, stack


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """It is served until the last test ends."""
    with stack(tmp_path_factory.mktemp("whole")) as made:
        yield made
