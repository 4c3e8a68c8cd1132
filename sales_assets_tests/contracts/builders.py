"""Contracts and drops for the tests of `sales_assets.contracts`: built, judged and read back.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest
import yaml

from sales_assets.contracts import model
from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.days import Calendar, DayFromColumn, DayFromFileName, History, Overlap
from sales_assets.contracts.drop_files import drop_files, expected_lines
from sales_assets.contracts.inspection import Inspection, inspect
from sales_assets.contracts.load import load_contract
from sales_assets.contracts.logical import SQL_TYPES, LogicalType
from sales_assets.contracts.model import Column, Dialect, SourceContract
from sales_assets.contracts.parquet import StagedDay
from sales_assets.contracts.reader import DropFile
from sales_assets.contracts.staging import Stager
from sales_assets.errors import ContractError
from sales_assets.resources.staging_area import StagingArea

PROJECT = Path(__file__).resolve().parents[2]
DAY = date(2024, 3, 5)
GONE = object()
"""Given to `changed` instead of a value, takes the field away."""

TILL: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "shop-till",
    "name": "till",
    "version": "1.2.0",
    "status": "active",
    "team": {"name": "shop", "members": [{"username": "shop@example.com"}]},
    "servers": [
        {"server": "landing", "type": "local", "path": "shop/till/*.csv*", "format": "csv"}
    ],
    "customProperties": [
        {"property": "partitionDay", "value": {"fileName": r"(?P<day>\d{4}-\d{2}-\d{2})"}},
        {"property": "history", "value": {"start": "2024-01-01", "end": "2025-01-01"}},
        {"property": "calendar", "value": {"weekdays": ["mon", "sat"], "closed": ["2024-05-01"]}},
    ],
    "slaProperties": [{"property": "latency", "value": 2, "unit": "d"}],
    "schema": [
        {
            "name": "lines",
            "properties": [
                {"name": "receipt", "logicalType": "string", "required": True},
                {"name": "sold_on", "logicalType": "date", "required": True},
                {"name": "qty", "logicalType": "integer", "physicalName": "Quantity"},
                {"name": "price", "logicalType": "number", "required": True},
                {
                    "name": "state",
                    "logicalType": "string",
                    "enum": [{"value": "sold"}, {"value": "returned"}],
                },
            ],
        },
        {
            "name": "revenue",
            "properties": [
                {"name": "order_id", "logicalType": "string", "transformLogic": "receipt"},
                {"name": "order_date", "logicalType": "date", "transformLogic": "sold_on"},
                {"name": "quantity", "logicalType": "number", "transformLogic": "qty"},
                {"name": "amount", "logicalType": "number", "transformLogic": "qty * price"},
                {"name": "net_amount", "logicalType": "number", "transformLogic": "qty * price"},
                {"name": "currency", "logicalType": "string", "transformLogic": "'EUR'"},
                {"name": "kind", "logicalType": "string", "transformLogic": "'sale'"},
            ],
            "quality": [
                {
                    "name": "no_negative_amounts",
                    "type": "sql",
                    "query": "SELECT COUNT(*) FROM ${object} WHERE amount < 0",
                    "mustBe": 0,
                    "severity": "error",
                }
            ],
        },
    ],
}
"""A valid contract; the tests change one thing of it."""

LINES = "schema.0.properties"
REVENUE = "schema.1.properties"
"""Where the columns of the drop and of revenue are in it, for `changed`."""


def changed(path: str, value: Any, content: Mapping[str, Any] = TILL) -> dict[str, Any]:
    """A copy of a contract with one field replaced, added or (`GONE`) taken away.

    `path` is dotted, with positions in lists; `+` adds to the end of a list.
    """
    result: dict[str, Any] = deepcopy(dict(content))
    at: Any = result
    *way, last = path.split(".")
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if last == "+":
        at.append(value)
    elif value is GONE:
        del at[int(last) if isinstance(at, list) else last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return result


def write_contract(folder: Path, content: Any, name: str = "till.odcs.yaml") -> Path:
    """A contract's file; text is written as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def load(folder: Path, content: Any) -> SourceContract:
    """Write a contract and load it."""
    return load_contract(write_contract(folder, content))


def problems(folder: Path, content: Any) -> list[str]:
    """The problems of a contract, one for each field; its file stands before them."""
    file = write_contract(folder, content)
    with pytest.raises(ContractError) as caught:
        load_contract(file)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith(f"{file}:")
    return [line.strip() for line in rest] or [first.removeprefix(f"{file}: ")]


def column(name: str, logical: LogicalType = LogicalType.STRING, **rest: Any) -> Column:
    """A column of a drop whose header is its name."""
    rest.setdefault("header", name)
    rest.setdefault("sql_type", SQL_TYPES[logical])
    formats = {
        LogicalType.DATE: "yyyy-MM-dd",
        LogicalType.TIME: "HH:mm:ss",
        LogicalType.TIMESTAMP: "yyyy-MM-dd HH:mm:ss",
    }
    format_ = rest.pop("format", formats.get(logical))
    rest.setdefault("formats", (format_,) if format_ else ())
    return Column(name=name, type=logical, description="", **rest)


def contract(
    columns: Sequence[Column], mappings: Mapping[str, str] | None = None, **rest: Any
) -> SourceContract:
    """A contract made directly, for drops named after their day unless `day` says otherwise.

    Canonical columns that are required and not in `mappings` are constants.
    """
    expressions = {
        "order_date": f"DATE '{DAY}'",
        "amount": "0",
        "net_amount": "0",
        "currency": "'EUR'",
        "kind": "'sale'",
        **(mappings or {}),
    }
    names = {c.name for c in columns}
    values: dict[str, Any] = {
        "file": Path("test.odcs.yaml"),
        "team": "team",
        "source": "source",
        "version": "1",
        "digest": "0",
        "title": "",
        "description": "",
        "domain": "",
        "owners": (),
        "tags": (),
        "path": "*.csv",
        "dialect": Dialect(),
        "day": DayFromFileName(re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})"), "%Y-%m-%d"),
        "overlap": Overlap.UNION,
        "history": History(date(2020, 1, 1)),
        "calendar": Calendar(),
        "late_tolerance": timedelta(0),
        **rest,
    }
    return SourceContract(
        columns=tuple(columns),
        mappings=tuple(
            model.Mapping(
                name,
                f'"{expression}"' if expression in names else expression,
                tuple(c.name for c in columns if c.name in expression),
            )
            for name in (c.name for c in MAPPED_COLUMNS)
            if (expression := expressions.get(name)) is not None
        ),
        **values,
    )


def csv_bytes(
    rows: Iterable[Sequence[str]], *, end: str = "\n", delimiter: str = ",", quote_all: bool = False
) -> bytes:
    """Rows as Python's own csv module writes them."""
    out = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, lineterminator=end, delimiter=delimiter, quoting=quoting).writerows(rows)
    return out.getvalue().encode()


@dataclass(frozen=True)
class Judged:
    """What a drop became: the rows of both kinds of Parquet files, as dictionaries."""

    days: list[StagedDay]
    accepted: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    @property
    def reasons(self) -> list[list[str]]:
        """The reasons of each rejected line."""
        return [row["reasons"] for row in self.rejected]


class Desk:
    """The real stager on a folder of its own: drops in, judged rows out."""

    def __init__(self, stager: Stager, folder: Path) -> None:
        self.stager = stager
        self.connection: duckdb.DuckDBPyConnection = stager._con
        self._folder = folder
        self._number = 0

    def inspect(
        self, contract: SourceContract, content: bytes, name: str = f"{DAY}.csv"
    ) -> tuple[Path, Inspection]:
        """Write a drop and look at it."""
        self._number += 1
        path = self._folder / str(self._number) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        return path, inspect(contract, path, name)

    def drop(
        self, contract: SourceContract, content: bytes, name: str = f"{DAY}.csv", no: int = 0
    ) -> DropFile:
        """A drop that is ready to be read."""
        path, found = self.inspect(contract, content, name)
        if isinstance(contract.day, DayFromColumn):
            found = self.stager.count_days(contract, path, name, found)
        first = min(found.days, default=None)
        (file,) = drop_files(contract, path, name, found, no, first)
        return file

    def judge(
        self, contract: SourceContract, drops: Mapping[str, bytes] | bytes, *days: date
    ) -> Judged:
        """Stage drops as the staged asset does; all their days, or only those that are named."""
        if isinstance(drops, bytes):
            drops = {f"{DAY}.csv": drops}
        files: list[DropFile] = []
        expected: dict[tuple[int, date], int] = {}
        for name, content in drops.items():
            path, found = self.inspect(contract, content, name)
            if isinstance(contract.day, DayFromColumn):
                found = self.stager.count_days(contract, path, name, found)
            first = min(found.days, default=None)
            own = drop_files(contract, path, name, found, len(files), first)
            files += own
            expected |= expected_lines(own, found, days or None)
        if not expected:
            return Judged([])
        self.stager.stage(contract, files, expected)
        staged = self.stager.write(contract, sorted({day for _, day in expected}))
        return Judged(
            staged,
            list(self._rows(day.accepted_file for day in staged)),
            list(self._rows(day.rejected_file for day in staged)),
        )

    def _rows(self, files: Iterable[Path | None]) -> Iterator[dict[str, Any]]:
        for file in files:
            if file is not None:
                found = self.connection.execute(
                    "SELECT * FROM read_parquet(?, hive_partitioning = false) ORDER BY file, line",
                    [str(file)],
                )
                names = [item[0] for item in found.description or []]
                for row in found.fetchall():
                    yield dict(zip(names, row, strict=True))


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """A desk whose engine is configured as the staging area configures it."""
    area = StagingArea(folder=str(folder / "scratch"), pseudonym_keys=str(folder / "keys"))
    personal = contract([column("name", classification="personal")], {"customer_id": "name"})
    with area.stager(personal) as stager:
        yield Desk(stager, folder)
