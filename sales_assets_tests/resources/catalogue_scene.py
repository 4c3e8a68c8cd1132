"""A catalogue over a landing zone of real files, for tests of it.

Belongs here: the scene, and made-up days. Does not: any expectation.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from sales_assets.contracts.inspection import Inspection, inspect
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.manifests import Entry, Known, Manifest

ONE, TWO, THREE = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
LONG_AGO = 1_700_000_000
LINE = "1,2024-01-01,tea,c,1.00"
FIRST = "tests/shop/2024-01-01.csv"
SECOND = "tests/shop/2024-01-02.csv"


class Scene:
    """A catalogue, a landing zone, and every inspection that was made."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self.catalogue = Catalogue(url=self.address)
        self.root = folder / "landing"
        self.zone = DirectoryLandingZone(root=str(self.root))
        self.inspected: list[str] = []
        self.days: dict[str, dict[date, int]] = {}

    def write(self, file: str, text: str, modified: float = LONG_AGO) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (modified, modified))

    def inspect(self, contract: SourceContract, path: Path, file: str) -> Inspection:
        self.inspected.append(file)
        found = inspect(contract, path, file)
        (part,) = found.parts
        return replace(found, parts=(replace(part, days=self.days.get(file, part.days)),))

    def refresh(
        self,
        contract: SourceContract,
        settle_seconds: float = 0.0,
        told: Collection[str] | None = None,
    ) -> dict[str, Known]:
        """Refresh, having forgotten earlier inspections."""
        self.inspected.clear()
        return self.catalogue.refresh(contract, self.zone, self.inspect, settle_seconds, told)

    def changes(self, after: int = 0) -> list[tuple[str, str, frozenset[date]]]:
        found = self.catalogue.changes_after(after)
        return [(change.source, change.file, change.days) for change in found]


def manifest(*files: str) -> Manifest:
    return tuple(Entry(file, f"sha of {file}", number) for number, file in enumerate(files, 1))


def staged(day_fingerprint: str, accepted: int = 3) -> StagedCounts:
    amount = Decimal("12345678901234567890123456789012.3456")
    return StagedCounts(day_fingerprint, accepted, 1, amount, Decimal("-0.0001"))
