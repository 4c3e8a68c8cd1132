"""A server with three teams and their history, made once for each module of tests.

Belongs here: fixtures. Does not: making the history (`world`) or any expectation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import yaml

from sales_assets.platform.teams import Teams
from sales_assets_tests.platform.scoping.server import (
    ADMIN,
    MEMBER,
    OUTSIDER,
    Client,
    TeamProcessContext,
    serving,
)
from sales_assets_tests.platform.scoping.world import (
    History,
    Places,
    instance_on,
    make_history,
)
from sales_assets_tests.platform.small import LOCATIONS, TEAMS


@dataclass(frozen=True)
class Server:
    """A running server, what the teams have done, and three people who ask."""

    address: str
    instance: dg.DagsterInstance
    context: TeamProcessContext
    history: dict[str, History]
    admin: Client
    member: Client
    outsider: Client


def teams() -> Teams:
    """The teams of the small code locations."""
    return Teams.model_validate(yaml.safe_load(TEAMS))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of a module."""
    home: Path = tmp_path_factory.mktemp("home")
    with (
        instance_on("sqlite:///", home) as instance,
        TeamProcessContext(instance, Places()) as context,
    ):
        context.teams = teams()
        history = {team: make_history(instance, context, team) for team in LOCATIONS}
        with serving(context) as address:
            clients = [Client(address, person) for person in (ADMIN, MEMBER, OUTSIDER)]
            try:
                yield Server(address, instance, context, history, *clients)
            finally:
                for client in clients:
                    client.http.close()
