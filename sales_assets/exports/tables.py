"""The tables that are exported or explained, as the catalogue's assets describe them.

Belongs here: a table's columns and key, read off the spec of its asset. Does not: any text about
them, which dbt's project and the contracts have, or their units (`units`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import dagster as dg

from sales_assets.assets.columns import COLUMN_SCHEMA
from sales_assets.dbt_specs import GRAIN
from sales_assets.resources.warehouse import Unload

_RAW_SQL = "#### Raw SQL:"
"""With this dagster-dbt begins what it adds to the description of a model."""


@dataclass(frozen=True)
class Table:
    """A table of the warehouse; no two rows have the same in all of its `keys`."""

    assets: Sequence[dg.AssetKey]
    """One, or one for each source that has rows in it."""
    description: str
    columns: Sequence[dg.TableColumn]
    keys: Sequence[str] = ()

    @classmethod
    def of(cls, spec: dg.AssetSpec, *others: dg.AssetSpec) -> Self:
        """The table that an asset is; `others` share it, and have the same columns."""
        schema = spec.metadata[COLUMN_SCHEMA]
        described = schema.value if isinstance(schema, dg.MetadataValue) else schema
        assert isinstance(described, dg.TableSchema)
        keys = spec.metadata.get(GRAIN)
        return cls(
            [one.key for one in (spec, *others)],
            (spec.description or "").partition(_RAW_SQL)[0].strip(),
            described.columns,
            keys.split(", ") if keys else (),
        )

    @property
    def name(self) -> str:
        """Its bare name."""
        return self.assets[0].path[-1]

    @property
    def unload(self) -> Unload:
        """As the warehouse is asked to write it."""
        return Unload(self.name, tuple((one.name, one.type) for one in self.columns), self.keys)


def is_decimal(column: dg.TableColumn) -> bool:
    """Whether a column holds exact numbers with decimals."""
    return column.type.lower().startswith("decimal")
