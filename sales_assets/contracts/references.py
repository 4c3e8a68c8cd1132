"""The references of a contract: other files of the source that its lines refer to.

Belongs here: what an object of the schema beside `lines` and `revenue` may say, and the
relationships of the lines' columns. Does not: reading and judging such a file (`reference_files`),
or which of several files is the one (`resources.manifests`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from open_data_contract_standard.model import SchemaObject

from sales_assets.contracts.dialects import read_own_dialect
from sales_assets.contracts.fields import read_columns
from sales_assets.contracts.keys import read_keys
from sales_assets.contracts.model import Column, Dialect, Reference
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.rules import read_line_rules


def read_references(
    problems: Problems,
    lines: SchemaObject | None,
    objects: Sequence[SchemaObject],
    columns: Sequence[Column],
    drops: tuple[Dialect, dict[str, Any]],
    drops_path: str | None,
) -> tuple[Reference, ...]:
    """The references, each with the one column of the lines that refers to it.

    A reference is laid out as `drops` are if it says nothing else; they lie at `drops_path`.
    """
    links = _links(problems, lines)
    references: list[Reference] = []
    for entry in objects:
        where = f"schema.{entry.name}"
        name = problems.identifier(f"{where}.name", entry.name)
        referring = [column for column, to in links if to.split(".")[0] == name]
        if len(referring) != 1:
            problems.add(
                where,
                f"{len(referring)} columns of lines refer to it",
                f"give one column relationships: [{{type: foreignKey, to: {name}.KEY}}]",
            )
        dialect, numbers = read_own_dialect(problems, entry, drops)
        own = read_columns(problems, entry, numbers)
        primary = [item.name or "" for item in entry.properties or [] if item.primaryKey]
        if len(primary) != 1:
            problems.add(where, f"has {len(primary)} primary keys", "give one primaryKey: true")
        reference = Reference(
            name=name,
            path=_path(problems, f"{where}.physicalName", entry.physicalName or ""),
            dialect=dialect,
            columns=own,
            column=referring[0] if referring else "",
            key=primary[0] if primary else "",
            line_rules=read_line_rules(problems, entry, own),
            keys=read_keys(problems, entry, own),
        )
        _check_types(problems, reference, columns)
        if reference.path in {drops_path, *(other.path for other in references)}:
            problems.add(
                f"{where}.physicalName",
                f"'{reference.path}' is that of the drops or of another reference",
                "give each a file, or a glob, of its own",
            )
        references.append(reference)
    known = {f"{reference.name}.{reference.key}" for reference in references}
    for column, to in links:
        if to not in known:
            problems.add(
                f"schema.lines.{column}.relationships",
                f"'{to}' is no primary key of a reference",
                f"use {' or '.join(sorted(known)) or 'an object with physicalName and primaryKey'}",
            )
    return tuple(references)


def _links(problems: Problems, lines: SchemaObject | None) -> list[tuple[str, str]]:
    """The columns of the lines that refer to a reference, and to what."""
    links = []
    for entry in (lines.properties if lines else None) or []:
        for relationship in entry.relationships or []:
            if isinstance(relationship.to, str):
                links.append((entry.name or "", relationship.to))
            else:
                problems.add(
                    f"schema.lines.{entry.name}.relationships",
                    "refer to several columns",
                    "give one: to: OBJECT.COLUMN",
                )
    return links


def _path(problems: Problems, where: str, path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        fix = "give the file, or a glob, below the landing zone"
        problems.add(where, f"is '{path}'", fix)
    return path


def _check_types(problems: Problems, reference: Reference, columns: Sequence[Column]) -> None:
    """Values are compared as they are: a text '7' is no number 7."""
    types = {column.name: column.type for column in columns}
    keys = {column.name: column.type for column in reference.columns}
    here, there = types.get(reference.column), keys.get(reference.key)
    if here is not None and there is not None and here != there:
        problems.add(
            f"schema.lines.{reference.column}.logicalType",
            f"is {here}, but {reference.qualified_key} is {there}",
            "give both one type",
        )
