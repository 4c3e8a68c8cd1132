"""Lines of a day as tables that the UI shows beside its figures.

Belongs here: making tables of what was read. Does not: which lines and columns are shown, and that
nothing personal is among them (`contracts.preview`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import dagster as dg

from sales_assets.contracts.preview import ACCEPTED, REJECTED, Preview
from sales_assets.resources.warehouse_tables import TABLES
from sales_assets.telling.numbers import Told

_TYPES = dict((*TABLES["revenue"], *TABLES["rejected"]))


def accepted_preview(preview: Preview) -> Told:
    """The first accepted lines of a day, without the columns that say nothing in any of them."""
    return {"first lines": _table(ACCEPTED, preview)} if preview else {}


def rejected_preview(preview: Preview) -> Told:
    """The first rejected lines of a day."""
    return {"first rejected lines": _table(REJECTED, preview)} if preview else {}


def _table(names: Sequence[str], preview: Preview) -> dg.TableMetadataValue:
    said = [at for at in range(len(names)) if any(line[at] is not None for line in preview)]
    return dg.MetadataValue.table(
        [dg.TableRecord({names[at]: line[at] for at in said}) for line in preview],
        _schema(tuple(names[at] for at in said)),
    )


def escaped(text: str) -> str:
    """A text as Markdown shows it letter by letter, also in a table."""
    return re.sub(r"([\\\[\]`*_<>|])", r"\\\1", " ".join(text.split()))


@cache
def _schema(names: tuple[str, ...]) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name, _TYPES[name]) for name in names])


def reasons_told(rules: Sequence[tuple[str | None, str, int]]) -> Told:
    """Why lines were rejected: column, rule and number of lines, the most frequent first."""
    if not rules:
        return {}
    rows = [
        f"| {lines:,} | {escaped(column or '')} | {escaped(rule)} |"
        for column, rule, lines in rules
    ]
    text = "\n".join(["| lines | column | rule |", "| ---: | --- | --- |", *rows])
    return {"reasons": dg.MetadataValue.md(text)}
