"""A first look at one drop: its hash, its header, its lines, its days.

Belongs here: what can be known of a file before its lines are judged, and refusing a file that
cannot be what the contract describes. Does not: its lines (`lines`), judging them (`sql`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path, PurePosixPath

from sales_assets.contracts.days import DayFromFileName
from sales_assets.contracts.lines import read_lines
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.unpacking import PACKED, Hash, is_zip, members
from sales_assets.errors import DropError


@dataclass(frozen=True)
class Part:
    """What one text of a drop holds: the drop itself (`name` is empty) or a file in a .zip.

    `lines` counts the data lines, `skipped` by kind those that are no data. `plain` is False for
    a text that DuckDB cannot read where it lies (see `reader`). `days` gives the lines of each
    day, less the `undated` ones, whose day follows from the other drops (`resources.manifests`).
    """

    name: str
    header: tuple[str, ...]
    lines: int
    plain: bool
    days: Mapping[date, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    undated: int = 0


@dataclass(frozen=True)
class Inspection:
    """What a drop holds: the hash of its bytes as they lie there, and its texts.

    `unpacked` is the hash of what a packed drop holds, and empty for any other.
    """

    sha256: str
    parts: tuple[Part, ...]
    unpacked: str = ""

    @property
    def content(self) -> str:
        """The hash of the content, which is the same whether it is packed or not."""
        return self.unpacked or self.sha256

    @property
    def lines(self) -> int:
        """The data lines of all texts."""
        return sum(part.lines for part in self.parts)

    @property
    def days(self) -> dict[date, int]:
        """The dated lines of each day."""
        days: Counter[date] = Counter()
        for part in self.parts:
            days.update(part.days)
        return dict(sorted(days.items()))

    @property
    def undated(self) -> int:
        """The undated lines of all texts."""
        return sum(part.undated for part in self.parts)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes as they lie there, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inspect(contract: SourceContract, path: Path, file: str) -> Inspection:
    """Hash a drop, check its header and count its lines; `file` names it in messages.

    For a contract whose file names say the day, `days` is filled; otherwise `staging` counts
    the days. Raises DropError, saying what is wrong and what to do, for an empty file, a file
    that is no CSV, and a header that lacks a column of the contract.
    """
    if path.stat().st_size == 0:
        raise DropError(f"{file}: is empty (0 bytes); drop the complete file again")
    names = members(path, file)
    hashes = {name: hashlib.sha256() for name in names}
    parts = tuple(_part(contract, path, file, name, hashes[name]) for name in names)
    content = _together({name: found.hexdigest() for name, found in hashes.items()})
    is_packed = path.name.lower().endswith(PACKED)
    return Inspection(sha256_of(path), parts, content) if is_packed else Inspection(content, parts)


def _together(hashes: Mapping[str, str]) -> str:
    """One hash of the texts of a drop; with several their names count, which say days."""
    if len(hashes) <= 1:
        return next(iter(hashes.values()), "")
    told = "\n".join(f"{name}\0{content}" for name, content in sorted(hashes.items()))
    return hashlib.sha256(told.encode()).hexdigest()


def _part(contract: SourceContract, path: Path, file: str, name: str, content: Hash) -> Part:
    shown = part_name(file, name)
    data = read_lines(contract, path, shown, name, content)
    lines = sum(block.count for block in data)
    days = {file_day(contract, file, name): lines} if is_day_of_file(contract) else {}
    plain = data.plain and contract.dialect.encoding == "utf-8"
    return Part(name, data.header, lines, plain and not _is_packed(path), days, dict(data.skipped))


def _is_packed(path: Path) -> bool:
    """Whether DuckDB, which unpacks .gz by itself, would need the file unpacked."""
    return path.name.lower().endswith((".zip", ".zst"))


def part_name(file: str, member: str) -> str:
    """How one text of a drop is called: a file in a .zip stands behind the archive's name."""
    return f"{file}/{member}" if member else file


def is_day_of_file(contract: SourceContract) -> bool:
    """Whether the names of files say the day."""
    return isinstance(contract.day, DayFromFileName)


def file_day(contract: SourceContract, file: str, member: str = "") -> date:
    """The day that a file's name says, or else the archive's that it is in.

    Raises DropError if neither says one.
    """
    assert isinstance(contract.day, DayFromFileName)
    problem: ValueError | None = None
    for name in filter(None, [member, file]):
        match = contract.day.pattern.search(PurePosixPath(name).name)
        try:
            if match is None or match["day"] is None:
                raise ValueError("it does not match")
            return datetime.strptime(match["day"], contract.day.format).date()  # noqa: DTZ007
        except ValueError as error:
            problem = problem or error
    raise DropError(
        f"{part_name(file, member)}: its name says no day by '{contract.day.pattern.pattern}' "
        f"({problem}); rename it, or correct partitionDay in the contract"
    ) from problem


def days_at_most(contract: SourceContract, file: str) -> frozenset[date] | None:
    """The days that a drop can hold by its name alone; None if that says nothing."""
    if is_day_of_file(contract) and not is_zip(file):
        try:
            return frozenset({file_day(contract, file)})
        except DropError:
            pass
    return None
