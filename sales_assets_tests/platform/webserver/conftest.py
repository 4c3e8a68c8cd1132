"""One webserver for all tests of a process: its three code servers take seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sales_assets_tests.platform.team_server import TeamServer, team_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamServer]:
    """The webserver of the three teams."""
    with team_server(tmp_path_factory.mktemp("teams")) as running:
        yield running
