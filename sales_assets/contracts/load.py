"""From the standard's file to a `SourceContract`, or to a list of what to mend.

Belongs here: what this project demands of a contract as a whole. Does not: the standard's own
rules (`odcs`), columns and mappings (`fields`), days and quality (`rules`), DuckDB (`bind`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from open_data_contract_standard.model import SchemaObject, Server, Team

from sales_assets.contracts.bind import check_bindings
from sales_assets.contracts.currencies import read_currencies
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.dialects import read_dialect
from sales_assets.contracts.fields import read_columns
from sales_assets.contracts.keys import read_across_days, read_keys
from sales_assets.contracts.mappings import read_mappings
from sales_assets.contracts.model import Column, SourceContract
from sales_assets.contracts.odcs import read_odcs
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.pseudonyms import needs_key, personal_names, refuse_clear_values
from sales_assets.contracts.references import read_references
from sales_assets.contracts.rules import (
    read_calendar,
    read_day,
    read_history,
    read_line_rules,
    read_overlap,
    read_quality,
    read_rejected_limits,
)
from sales_assets.contracts.service_levels import read_delivery, read_rate_age, read_tolerance
from sales_assets.contracts.sql import PARSER_VERSION
from sales_assets.contracts.words import CONTRACT_WORDS
from sales_assets.errors import ContractError

LINES = "lines"
"""Name of the schema object that describes the drop's columns."""
REVENUE = "revenue"
"""Name of the schema object that maps them onto the canonical columns."""


def load_contracts(folders: Iterable[Path]) -> tuple[SourceContract, ...]:
    """Load every `*.odcs.yaml` of the folders, sorted by `team/source`.

    Raises ContractError naming file, field and fix for every problem in any of them, and for
    two contracts that describe the same source or claim the same files, and for no contract.
    """
    contracts: dict[str, SourceContract] = {}
    problems: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(f"{folder}: no such folder of contracts")
        problems += [
            f"{file}: would not be read; name it {file.stem}.yaml"
            for file in sorted(folder.glob("*.odcs.yml"))
        ]
        for file in sorted(folder.glob("*.odcs.yaml")):
            try:
                contract = load_contract(file)
            except ContractError as error:
                problems.append(str(error))
                continue
            other = contracts.setdefault(contract.name, contract)
            if other is not contract:
                problems.append(
                    f"{file}: name: source '{contract.name}' is described by {other.file} too; "
                    "give one of them another name"
                )
    paths: dict[str, SourceContract] = {}
    for contract in contracts.values():
        other = paths.setdefault(contract.path, contract)
        if other is not contract:
            problems.append(
                f"{contract.file}: servers[0].path: '{contract.path}' is that of {other.file} too, "
                "so that each drop would count twice; give each source a folder of its own"
            )
    if not contracts and not problems:
        problems.append(f"{', '.join(map(str, folders))}: holds no contract (*.odcs.yaml)")
    if problems:
        raise ContractError("\n".join(problems))
    return tuple(contracts[name] for name in sorted(contracts))


def load_contract(file: Path) -> SourceContract:
    """Load one contract; raises ContractError naming the file, each wrong field and the fix."""
    odcs = read_odcs(file)
    problems = Problems()
    team = odcs.team if isinstance(odcs.team, Team) else None
    team_name = problems.identifier("team.name", team.name if team else None)
    source = problems.identifier("name", odcs.name)
    server = _server(problems, odcs.servers)
    lines, revenue, others = _objects(problems, odcs.schema_)
    dialect, numbers = read_dialect(problems, server)
    columns = read_columns(problems, lines, numbers)
    references = read_references(
        problems, lines, others, columns, (dialect, numbers), server.path if server else None
    )
    qualified = [name for reference in references for name in reference.qualified]
    mappings = read_mappings(problems, revenue, columns, qualified)
    refuse_clear_values(problems, mappings, personal_names(columns, references))
    properties = problems.properties("customProperties", odcs.customProperties, set(CONTRACT_WORDS))
    day = read_day(problems, properties.get("partitionDay"), columns)
    overlap = read_overlap(problems, properties.get("overlappingDrops"), day)
    history = read_history(problems, properties.get("history"))
    calendar = read_calendar(problems, properties.get("calendar"))
    quality = read_quality(problems, revenue)
    tolerance = read_tolerance(problems, odcs.slaProperties)
    delivery = read_delivery(problems, odcs.slaProperties)
    rate_age = read_rate_age(problems, odcs.slaProperties)
    line_rules = read_line_rules(problems, lines, columns, qualified)
    limits = read_rejected_limits(problems, lines)
    pseudonym_key = problems.identifier(
        "customProperties.pseudonymKey", properties.get("pseudonymKey", "default")
    )
    keys = read_keys(problems, lines, columns)
    across_days = read_across_days(problems, lines)
    check_bindings(problems, columns, mappings, quality, line_rules, references)
    for reference in references:
        own = reference.columns, (), (), reference.line_rules
        check_bindings(problems, *own, table=reference.name)
    currencies = read_currencies(problems, mappings, columns, dialect, references)
    problems.raise_if_any(file)
    assert server is not None
    assert server.path is not None
    contract = SourceContract(
        file=file,
        team=team_name,
        source=source,
        version=odcs.version or "0",
        digest="",
        title=(lines.businessName if lines else None) or source.replace("_", " "),
        description=(odcs.description.purpose if odcs.description else None) or source,
        domain=odcs.domain or team_name,
        owners=tuple(
            member.username for member in (team.members if team else None) or [] if member.username
        ),
        tags=tuple(odcs.tags or ()),
        path=server.path,
        dialect=dialect,
        columns=columns,
        mappings=mappings,
        day=day,
        overlap=overlap,
        history=history,
        calendar=calendar,
        late_tolerance=tolerance,
        delivery=delivery,
        currencies=currencies,
        rate_age_days=rate_age,
        quality=quality,
        line_rules=line_rules,
        rejected_limits=limits,
        keys=keys,
        across_days=across_days,
        pseudonym_key=pseudonym_key,
        references=references,
        support=tuple(
            (item.tool or "other", item.url or item.channel or "") for item in odcs.support or []
        ),
    )
    return replace(contract, digest=_digest(contract))


def _digest(contract: SourceContract) -> str:
    """Hash of what can change a row: not of descriptions, owners, checks, history or calendar.

    Nor of the currencies, which follow from the rest, or of the age of rates, which are no part of
    a row, or of when drops are due.
    """
    day = contract.day
    deciding: list[object] = [
        PARSER_VERSION,
        contract.name,
        contract.path,
        asdict(contract.dialect),
        [_deciding(column) for column in contract.columns],
        [(mapping.name, mapping.expression) for mapping in contract.mappings],
        day.column if isinstance(day, DayFromColumn) else [day.pattern.pattern, day.format],
        [(rule.name, rule.description, rule.condition) for rule in contract.line_rules],
        contract.keys,
        contract.across_days,
        contract.pseudonym_key if needs_key(contract) else None,
        contract.overlap,
        contract.late_tolerance.days,
    ]
    deciding += [
        [
            (reference.name, reference.path, reference.column, reference.key, reference.keys),
            asdict(reference.dialect),
            [_deciding(column) for column in reference.columns],
            [(rule.name, rule.condition) for rule in reference.line_rules],
        ]
        for reference in contract.references
    ]
    return hashlib.sha256(json.dumps(deciding).encode()).hexdigest()


def _deciding(column: Column) -> dict[str, object]:
    prose = {"description", "classification"}
    said = {word: value for word, value in asdict(column).items() if word not in prose}
    return said | {"personal": column.is_personal}


def _server(problems: Problems, servers: list[Server] | None) -> Server | None:
    if not servers or len(servers) != 1:
        problems.add("servers", f"has {len(servers or [])} entries", "describe one landing zone")
        return None
    server = servers[0]
    if server.format != "csv":
        problems.add("servers[0].format", f"is '{server.format}'", "use format: csv")
    path = server.path or ""
    if not path or path.startswith("/") or ".." in Path(path).parts:
        problems.add(
            "servers[0].path", f"is '{path}'", "give a glob below the landing zone, like a/b/*.csv"
        )
    return server


def _objects(
    problems: Problems, objects: list[SchemaObject] | None
) -> tuple[SchemaObject | None, SchemaObject | None, list[SchemaObject]]:
    """The two objects of the schema, each of which has to be there once, and the references."""
    found: dict[str, SchemaObject] = {}
    for index, entry in enumerate(objects or []):
        name = entry.name or ""
        if name in found or (name not in {LINES, REVENUE} and not entry.physicalName):
            twice = "is there twice" if name in found else "is not read"
            fix = f"use {LINES} and {REVENUE}, or give a reference's file as physicalName"
            problems.add(f"schema[{index}].name", f"'{name}' {twice}", fix)
        else:
            found[name] = entry
        if entry.relationships:
            problems.add(
                f"schema[{index}].relationships", "are not read", f"say them of columns of {LINES}"
            )
    for name in (LINES, REVENUE):
        if name not in found:
            problems.add("schema", f"has no object named '{name}'", f"add '- name: {name}'")
    others = [entry for name, entry in found.items() if name not in {LINES, REVENUE}]
    return found.get(LINES), found.get(REVENUE), others
