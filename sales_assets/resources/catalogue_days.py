"""What the catalogue has of days: the manifests that `raw` recorded, and what was staged of them.

Belongs here: recording days and asking for them. Does not: drops and their changes (`catalogue`),
or what a manifest is (`manifests`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import dagster as dg
import sqlalchemy as sa

from sales_assets.contracts.figures import Figures, dump_figures, load_figures
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.preview import Preview, dump_preview, load_preview
from sales_assets.errors import UsageError
from sales_assets.partitions import Window
from sales_assets.resources.catalogue_tables import MANIFESTS, STAGED, create_tables
from sales_assets.resources.database import open_database, writing
from sales_assets.resources.manifests import Entry, Manifest


@dataclass(frozen=True)
class StagedCounts:
    """What a day's staged objects hold; sums are exact, over the accepted lines."""

    fingerprint: str
    accepted: int
    rejected: int
    amount: Decimal
    net_amount: Decimal
    figures: Figures = ()
    preview: Preview = ()
    """Of the newest days of a run alone. Both are empty for days that an earlier version staged."""


class RecordedDays(dg.ConfigurableResource[Any]):
    """The days in a catalogue at a SQLAlchemy address."""

    url: str

    @cached_property
    def _engine(self) -> sa.Engine:
        return open_database(self.url, create_tables)

    def record(self, contract: SourceContract, manifests: dict[date, Manifest]) -> None:
        """Keep which files make up these days; what `staged` and `revenue` then work from."""
        self._replace(
            MANIFESTS,
            contract,
            {
                day: {"entries": json.dumps([asdict(entry) for entry in manifest])}
                for day, manifest in manifests.items()
            },
        )

    def record_staged(self, contract: SourceContract, days: dict[date, StagedCounts]) -> None:
        """Keep what was staged for these days, after their objects are in place."""
        self._replace(
            STAGED,
            contract,
            {
                day: {
                    "fingerprint": counts.fingerprint,
                    "accepted": counts.accepted,
                    "rejected": counts.rejected,
                    "amount": str(counts.amount),
                    "net_amount": str(counts.net_amount),
                    "figures": dump_figures(counts.figures),
                    "preview": dump_preview(counts.preview),
                }
                for day, counts in days.items()
            },
        )

    def _replace(
        self, table: sa.Table, contract: SourceContract, days: dict[date, dict[str, Any]]
    ) -> None:
        if not days:
            return
        rows = [{"source": contract.name, "day": d.isoformat(), **v} for d, v in days.items()]
        with writing(self._engine) as connection:
            connection.execute(
                table.delete().where(
                    table.c.source == contract.name, table.c.day == sa.bindparam("on")
                ),
                [{"on": row["day"]} for row in rows],
            )
            connection.execute(table.insert(), rows)

    def staged(self, contract: SourceContract, window: Window) -> dict[date, StagedCounts]:
        """What was staged for the days of a window."""
        return {
            date.fromisoformat(row.day): StagedCounts(
                row.fingerprint,
                row.accepted,
                row.rejected,
                Decimal(row.amount),
                Decimal(row.net_amount),
                load_figures(row.figures),
                load_preview(row.preview),
            )
            for row in self._within(STAGED, contract, window)
        }

    def staged_fingerprints(self, contract: SourceContract) -> dict[date, str]:
        """Of which drops each staged day of a source was made."""
        query = sa.select(STAGED.c.day, STAGED.c.fingerprint).where(
            STAGED.c.source == contract.name
        )
        with self._engine.connect() as connection:
            found = connection.execute(query).fetchall()
        return {date.fromisoformat(row.day): row.fingerprint for row in found}

    def staged_days(self) -> set[date]:
        """The days for which lines of any source were accepted."""
        query = sa.select(STAGED.c.day).where(STAGED.c.accepted > 0).distinct()
        with self._engine.connect() as connection:
            return set(map(date.fromisoformat, connection.scalars(query)))

    def recorded(self, contract: SourceContract, window: Window) -> dict[date, Manifest]:
        """The manifests of a window's days.

        Raises UsageError if `raw` has not recorded one of them.
        """
        found = self.manifests(contract, window)
        unknown = [day for day in window.days() if day not in found]
        if unknown:
            raise UsageError(
                f"{contract.name}: {len(unknown)} days from {unknown[0]} on have no raw asset yet; "
                f"materialise {contract.name}/raw for them first"
            )
        return found

    def manifests(self, contract: SourceContract, window: Window) -> dict[date, Manifest]:
        """The manifests of those of a window's days that `raw` has recorded."""
        return {
            date.fromisoformat(row.day): tuple(Entry(**entry) for entry in json.loads(row.entries))
            for row in self._within(MANIFESTS, contract, window)
        }

    def _within(
        self, table: sa.Table, contract: SourceContract, window: Window
    ) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(
                table.select().where(
                    table.c.source == contract.name,
                    table.c.day >= window.first_key,
                    table.c.day <= window.last_key,
                )
            ).fetchall()
