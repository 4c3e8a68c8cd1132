"""From a file to a proposed contract that was tried on the file's own lines.

Belongs here: the order of the steps, trying the contract, and what is told of it. Does not: any
guess, or the words of the contract (`writing`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sales_assets.errors import ContractError, DropError, UsageError
from sales_assets.inferring.columns import guesses_of
from sales_assets.inferring.encodings import encoding_of
from sales_assets.inferring.keys import likely_key
from sales_assets.inferring.layout import layout_of
from sales_assets.inferring.mapping import days_of, revenue_of
from sales_assets.inferring.names import identifier, source_name
from sales_assets.inferring.sample import Sample, read_sample
from sales_assets.inferring.writing import Proposed, contract_text
from sales_assets.settings import Settings

TEAM = "sales"
MOST_COLUMNS = 2_000
"""A file that seems to have more is no table of sales."""
_TRIED_NAME = "sample_20000101.csv"
_ENDING = ".odcs.yaml"


@dataclass(frozen=True)
class Proposal:
    """A contract's text, and what a person has to know of it."""

    source: str
    text: str
    told: tuple[str, ...]

    @property
    def todos(self) -> list[tuple[int, str]]:
        """What is to be settled, each with its line in the text."""
        found: list[tuple[int, str]] = []
        is_open = False
        for number, line in enumerate(self.text.splitlines(), start=1):
            comment = re.match(r" *# (  )?(.*)", line)
            if comment and comment[2].startswith("TODO: "):
                found.append((number, comment[2].removeprefix("TODO: ")))
                is_open = True
            elif is_open and comment and comment[1]:
                found[-1] = (found[-1][0], f"{found[-1][1]} {comment[2]}")
            else:
                is_open = False
        return found


def propose(
    settings: Settings, file: Path, source: str | None = None, team: str | None = None
) -> Proposal:
    """Propose a contract for files like this one.

    Raises UsageError for a missing file or a wrong name, DropError for a file that is no CSV.
    """
    for option, name in (("--source", source), ("--team", team)):
        if name is not None and identifier(name) != name:
            raise UsageError(
                f"{option}: '{name}' is no name; use lower-case letters, digits and single _"
                + (f", like {identifier(name)}" if identifier(name) else "")
            )
    sample = read_sample(file)
    encoded = encoding_of(sample)
    layout = layout_of(sample, encoded)
    if not layout.header or not any(layout.header):
        raise DropError(f"{file}: no line has columns; give a file with a header and some lines")
    if len(layout.header) > MOST_COLUMNS:
        raise DropError(
            f"{file}: seems to have {len(layout.header):,} columns; is it a CSV with a line for "
            "each sale?"
        )
    guesses, missing = guesses_of(layout)
    revenue = revenue_of(guesses, layout.data, [sample.name, file.name])
    days = [
        days_of(guess)
        for guess in guesses
        if guess.name == _day_column(revenue.lines["order_date"].expression)
    ]
    proposed = Proposed(
        source=source or source_name(file.name),
        team=team or TEAM,
        is_own_team=team is not None,
        file_name=file.name,
        encoded=encoded,
        layout=layout,
        guesses=guesses,
        missing=missing,
        revenue=revenue,
        key=likely_key(guesses, layout.data),
        days=tuple(days[0]) if days else tuple(filter(None, [revenue.day.named])),
        complete=sample.complete,
    )
    tried = _tried(settings, sample, proposed)
    text = contract_text(replace(proposed, tried=tried))
    return Proposal(proposed.source, text, tuple(each.lstrip("!") for each in tried))


def write(text: str, out: Path) -> None:
    """Write a contract where there is none; UsageError if there is one, or it would not be read."""
    refuse_target(out)
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError(f"{out}: is there already; give another name, or delete it") from error


def refuse_target(out: Path) -> None:
    """Raise UsageError if a contract cannot be written there."""
    if out.exists():
        raise UsageError(f"{out}: is there already; give another name, or delete it")
    if not out.name.endswith(_ENDING) or out.name == _ENDING:
        raise UsageError(f"{out}: would not be read as a contract; name it NAME{_ENDING}")
    if not out.parent.is_dir():
        raise UsageError(f"{out}: there is no folder {out.parent}; make it first")


def _day_column(expression: str) -> str:
    match = re.fullmatch(r"CAST\((\w+) AS DATE\)|(\w+)", expression)
    return (match[1] or match[2]) if match else ""


def _tried(settings: Settings, sample: Sample, proposed: Proposed) -> tuple[str, ...]:
    """What becomes of the sample under the contract, with the first answer to each question."""
    from sales_assets.checking import check_file
    from sales_assets.contracts.load import load_contract

    day = proposed.revenue.day
    name = sample.name
    if day.pattern and not re.search(day.pattern, name):
        name = re.sub(r"(?i)\.zip$", ".csv", sample.file.name)
    elif not day.column and not day.pattern:
        name = _TRIED_NAME
    with TemporaryDirectory(prefix="sales_assets_infer_") as folder:
        contract, file = Path(folder, f"proposed{_ENDING}"), Path(folder, name)
        contract.write_text(contract_text(proposed, settled=True), encoding="utf-8")
        file.write_bytes(_whole(sample, proposed.encoded.codec))
        try:
            verdict = check_file(settings, load_contract(contract), file)
        except (ContractError, DropError) as error:
            told = " ".join(str(error).replace(f"{folder}/", "").split())
            return (f"!The contract does not take the sample: {told}",)
    counts = f"It accepts {verdict.accepted:,} of the sample's {verdict.lines:,} lines"
    if not verdict.rejected:
        return (f"{counts}.",)
    first = verdict.examples[0]
    return (
        f"!{counts}; line {first.line}, for one, would be rejected: {'; '.join(first.reasons)}",
    )


def _whole(sample: Sample, codec: str) -> bytes:
    """The sample's bytes up to the end of its last whole line."""
    if sample.complete:
        return sample.head
    end = "\n".encode(
        "utf-16-be"
        if codec == "UTF-16BE"
        else "utf-16-le"
        if codec.lower().startswith("utf-16")
        else "ascii"
    )
    at = sample.head.rfind(end)
    return sample.head[: at + len(end)]
