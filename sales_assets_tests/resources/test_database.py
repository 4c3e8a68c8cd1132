"""One engine for all that a process keeps in a server's database."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa

from sales_assets.alerts.store import AlertStore
from sales_assets.costs.ledger import Ledger
from sales_assets.exchange_rates.state import RateState
from sales_assets.healing.state import HealingState
from sales_assets.resources.catalogue import Catalogue
from sales_assets_tests.services import postgres_database
from sales_assets_tests.serving import until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
_CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def connections(address: str) -> int:
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(_CONNECTIONS).scalar_one())


def test_all_that_a_process_keeps_takes_one_connection_of_the_server() -> None:
    with postgres_database() as address:
        store = AlertStore(address)
        store.read()
        Ledger(address)
        HealingState(url=address).rows("shop")
        RateState(url=address).numbers("api", 0.0)
        assert Catalogue(url=address).identity
        assert connections(address) == 1
        store.engine.dispose()


def test_a_forked_process_leaves_its_parent_s_connection_alone() -> None:
    with postgres_database() as address:
        store = AlertStore(address)
        store.read()
        child = os.fork()
        if child == 0:
            store.read()
            os._exit(0 if connections(address) == 2 else 1)
        assert os.waitpid(child, 0)[1] == 0
        store.read()
        until("the end of the child's connection", lambda: connections(address) == 1, 60)
        store.engine.dispose()
