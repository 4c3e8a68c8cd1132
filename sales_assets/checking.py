"""What would become of a file: what `sales-assets check` does.

Belongs here: judging one file in a folder that is thrown away, and summing up what was found. Does
not: the landing zone, the catalogue or the warehouse, none of which is touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sales_assets.amounts import money
from sales_assets.contracts.drop_files import drop_files, expected_lines
from sales_assets.contracts.inspection import Inspection
from sales_assets.contracts.load import load_contract, load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.reference_files import reading
from sales_assets.contracts.staging import Stager
from sales_assets.errors import UsageError
from sales_assets.planning import find_contract
from sales_assets.resources.build import build_landing_zone
from sales_assets.resources.manifests import precedence
from sales_assets.resources.staging_area import StagingArea
from sales_assets.settings import Settings

EXAMPLES = 20
"""Rejected lines that are shown."""


@dataclass(frozen=True)
class RejectedLine:
    """One line that would be rejected. Personal values are masked in it."""

    file: str
    line: int
    text: str
    reasons: list[str]


@dataclass(frozen=True)
class Verdict:
    """What a file would become under a contract.

    `skipped` counts by kind the lines that are no data; `undescribed` are columns that the contract
    does not describe. `net_amount` is exact, by currency, over the accepted lines; `rules` counts
    the rejected lines by what they broke; `examples` are the first of them.
    """

    file: str
    contract: str
    lines: int
    accepted: int
    rejected: int
    first_day: date | None
    last_day: date | None
    net_amount: dict[str, Decimal]
    skipped: dict[str, int]
    undescribed: list[str]
    rules: dict[str, int]
    examples: list[RejectedLine]


def contract_of(settings: Settings, name: str) -> SourceContract:
    """The contract in a file, or of a source by its name."""
    if name.endswith((".yaml", ".yml")):
        return load_contract(Path(name))
    return find_contract(load_contracts([settings.contracts_folder]), name)


def check_file(
    settings: Settings, contract: SourceContract, file: Path, references: Sequence[Path] = ()
) -> Verdict:
    """Judge a file by a contract without keeping anything.

    References are these files, in the contract's order, or those in the landing zone.
    Raises UsageError if there is no such file, and DropError if it would be refused.
    """
    if not file.is_file():
        raise UsageError(f"{file}: there is no such file")
    with TemporaryDirectory(prefix="sales_assets_check_") as folder:
        area = StagingArea(folder=folder, memory_limit=settings.memory_limit, pseudonym_keys=folder)
        found = area.inspect(contract, file, str(file))
        with area.stager(contract) as stager, ExitStack() as stack:
            for described, reference in _reference_files(settings, contract, references, stack):
                within = area.inspect(described, reference, str(reference))
                texts = drop_files(described, reference, str(reference), within)
                stager.load_reference(described, texts)
            first = min(found.days, default=None)
            texts = drop_files(contract, file, str(file), found, undated_day=first)
            stager.stage(contract, texts, expected_lines(texts, found))
            return _verdict(contract, stager, file, found)


def _reference_files(
    settings: Settings, contract: SourceContract, given: Sequence[Path], stack: ExitStack
) -> Iterator[tuple[SourceContract, Path]]:
    """The file of each reference, valid inside the stack, and how it is described."""
    if len(given) > len(contract.references):
        raise UsageError(
            f"{given[-1]}: {contract.name} has {len(contract.references)} references; leave it out"
        )
    zone = build_landing_zone(settings)
    for number, reference in enumerate(contract.references):
        if number < len(given):
            yield reading(contract, reference), given[number]
            continue
        there = zone.list(reference.path)
        if not there:
            raise UsageError(
                f"{reference.path}: is not in the landing zone, and lines refer to it "
                f"({reference.name}); land it, or name a file with --reference"
            )
        latest = max(there, key=precedence(contract))
        yield reading(contract, reference), stack.enter_context(zone.local(latest))


def _verdict(contract: SourceContract, stager: Stager, file: Path, found: Inspection) -> Verdict:
    [(accepted, rejected, first, last)] = stager.judged(
        "SELECT count(*) FILTER (reasons IS NULL), count(*) FILTER (reasons IS NOT NULL), "
        "min(partition_date), max(partition_date) FROM judged"
    )
    net = stager.judged(
        "SELECT currency, sum(net_amount) FROM judged WHERE reasons IS NULL "
        "GROUP BY currency ORDER BY currency"
    )
    rules = stager.judged(
        "SELECT regexp_replace(reason, '(: .*| at byte [0-9]+)$', '') AS rule, "
        "count(DISTINCT (file_no, line)) AS lines FROM (SELECT file_no, line, unnest(reasons) "
        "AS reason FROM judged) GROUP BY rule ORDER BY lines DESC, rule"
    )
    examples = stager.judged(
        "SELECT file, line, text, reasons FROM judged WHERE reasons IS NOT NULL "
        f"ORDER BY file, line LIMIT {EXAMPLES}"
    )
    described = set(contract.required_headers)
    skipped: dict[str, int] = {}
    for part in found.parts:
        for kind, count in part.skipped.items():
            skipped[kind] = skipped.get(kind, 0) + count
    return Verdict(
        file=str(file),
        contract=contract.name,
        lines=found.lines,
        accepted=accepted,
        rejected=rejected,
        first_day=first,
        last_day=last,
        net_amount=dict(net),
        skipped=skipped,
        undescribed=sorted({name for part in found.parts for name in part.header} - described),
        rules=dict(rules),
        examples=[RejectedLine(*row) for row in examples],
    )


def print_verdict(console: Console, verdict: Verdict, form: str) -> None:
    """Print a verdict as a `table` for people, or as `json`."""
    if form == "json":
        text = json.dumps(asdict(verdict), default=str, indent=2, ensure_ascii=False)
        console.file.write(text + "\n")
    else:
        for line in _told(verdict):
            console.print(line, soft_wrap=True, markup=False)
        if verdict.examples:
            console.print(_examples(verdict))


def _told(verdict: Verdict) -> Iterator[str]:
    days = f"{verdict.first_day} to {verdict.last_day}" if verdict.first_day else "no day"
    yield f"{verdict.file} by {verdict.contract}: {verdict.lines:,} lines, {days}"
    yield f"  accepted {verdict.accepted:,}"
    yield f"  rejected {verdict.rejected:,}"
    for currency, amount in verdict.net_amount.items():
        yield f"  net amount {money(amount)} {currency}"
    if verdict.skipped:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(verdict.skipped.items()))
        yield f"  lines that are no data: {kinds}"
    if verdict.undescribed:
        names = ", ".join(map(repr, verdict.undescribed))
        yield f"  columns that the contract does not describe: {names}"
    for rule, count in verdict.rules.items():
        yield f"  {count:,} lines: {rule}"


def _examples(verdict: Verdict) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("line", "text", "reasons"):
        table.add_column(heading, overflow="fold")
    for line in verdict.examples:
        member = line.file.removeprefix(verdict.file).lstrip("/")
        table.add_row(
            escape(f"{member}:{line.line}" if member else str(line.line)),
            escape(line.text),
            escape("\n".join(line.reasons)),
        )
    return table
