"""What the parts of a scrape look at: Dagster's storage, the workspace, the project's database.

Belongs here: reaching them. Does not: asking them anything (the parts), or whose something is
(`known`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.schedules import SqlScheduleStorage
from dagster._core.workspace.workspace import CurrentWorkspace

from sales_assets.alerts import tables as alerts
from sales_assets.costs.ledger import Ledger
from sales_assets.errors import PermanentError
from sales_assets.exchange_rates import tables as exchange_rates
from sales_assets.healing import tables as healing
from sales_assets.metrics.known import Known, known_of
from sales_assets.platform.teams import Teams
from sales_assets.resources.database import open_database


@dataclass
class Observed:
    """An installation, for as long as a process serves its numbers."""

    instance: dg.DagsterInstance
    workspace: Callable[[], CurrentWorkspace]
    """The code locations as they are now."""
    teams: Callable[[], Teams | None]
    """The teams as they are now; None where there is no teams.yaml."""
    state_address: str
    """SQLAlchemy address of the project's own database: what alerts, healing and the exchange-rate
    API remember, and the ledger of costs."""
    rates_api: str | None = None
    """The address of that API, where it is asked at all."""
    channels: Sequence[str] = ()
    """The channels of alerts that belong to no team."""
    _known: tuple[CurrentWorkspace, Teams | None, Known] | None = None

    def known(self) -> Known:
        """What the loaded code has, made anew only after it, or teams.yaml, has changed."""
        workspace, teams = self.workspace(), self.teams()
        made = self._known
        if made is None or made[0] is not workspace or made[1] is not teams:
            made = self._known = (workspace, teams, known_of(workspace, teams))
        return made[2]

    @property
    def runs(self) -> SqlRunStorage:
        """Where runs are; raises PermanentError if it is no SQL database, as with those below."""
        storage = self.instance.run_storage
        if not isinstance(storage, SqlRunStorage):
            raise _unknown(storage)
        return storage

    @property
    def events(self) -> SqlEventLogStorage:
        """Where events are."""
        storage = self.instance.event_log_storage
        if not isinstance(storage, SqlEventLogStorage):
            raise _unknown(storage)
        return storage

    @property
    def ticks(self) -> SqlScheduleStorage:
        """Where ticks are."""
        storage = self.instance.schedule_storage
        if not isinstance(storage, SqlScheduleStorage):
            raise _unknown(storage)
        return storage

    @cached_property
    def state(self) -> sa.Engine:
        """The project's own database."""
        return open_database(self.state_address, _create_tables)

    @cached_property
    def ledger(self) -> Ledger:
        """What was used, in the same database."""
        return Ledger(self.state_address)


def _create_tables(connection: sa.Connection) -> None:
    """Those that the parts ask for; who writes them may not have begun yet."""
    for module in (exchange_rates, healing, alerts):
        module.create_tables(connection)


def _unknown(storage: object) -> PermanentError:
    return PermanentError(
        f"{type(storage).__name__} cannot be measured: only Dagster's storage in SQLite or "
        "PostgreSQL can; see `storage` in dagster.yaml"
    )
