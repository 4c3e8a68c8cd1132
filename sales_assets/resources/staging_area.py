"""The staging area: an in-memory DuckDB, and a scratch folder that work spills to.

Belongs here: making and clearing the engine that reads drops, and lending it files. Does not:
what it does with them (`contracts.staging`).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import dagster as dg

from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.drop_files import drop_files, expected_lines
from sales_assets.contracts.inspection import Inspection, inspect
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.parquet import StagedDay
from sales_assets.contracts.pseudonyms import needs_key, read_key, set_key
from sales_assets.contracts.quoting import literal
from sales_assets.contracts.reader import DropFile
from sales_assets.contracts.reference_files import reading
from sales_assets.contracts.staging import Stager
from sales_assets.errors import DropError, RefusedDropError
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.chunks import chunks
from sales_assets.resources.landing_zone import Drop, LandingZone
from sales_assets.resources.manifests import Entry, Manifest


class StagingArea(dg.ConfigurableResource[Any]):
    """Scratch space below `folder`; give it the object store's file system if that is a folder.

    The keys of pseudonyms are files in `pseudonym_keys`: the UI shows a resource's configuration.
    A missing one is made if `makes_keys`.
    """

    folder: str
    pseudonym_keys: str
    makes_keys: bool = True
    memory_limit: str = "2GB"

    @contextmanager
    def stager(self, contract: SourceContract) -> Iterator[Stager]:
        """An engine of its own for a contract's drops, whose files are gone after the block."""
        import duckdb

        Path(self.folder).mkdir(parents=True, exist_ok=True)
        scratch = Path(mkdtemp(dir=self.folder))
        connection = duckdb.connect()
        try:
            connection.execute(f"SET memory_limit = {literal(self.memory_limit)}")
            connection.execute(f"SET temp_directory = {literal(str(scratch / 'spill'))}")
            if needs_key(contract):
                keys = Path(self.pseudonym_keys)
                key = read_key(keys, contract.pseudonym_key, make=self.makes_keys)
                set_key(connection, key)
            yield Stager(connection, scratch)
        finally:
            connection.close()
            shutil.rmtree(scratch, ignore_errors=True)

    def inspect(self, contract: SourceContract, path: Path, file: str) -> Inspection:
        """Everything the catalogue remembers of a drop; see `contracts.inspection`.

        Raises DropError for a file that cannot be used.
        """
        found = inspect(contract, path, file)
        if contract.reference is not None:
            with self.stager(contract) as stager:
                stager.load_reference(contract, drop_files(contract, path, file, found))
        elif isinstance(contract.day, DayFromColumn):
            with self.stager(contract) as stager:
                found = stager.count_days(contract, path, file, found)
        return found

    def stage(
        self,
        contract: SourceContract,
        zone: LandingZone,
        catalogue: Catalogue,
        manifests: Mapping[date, Manifest],
        chunk_days: int,
        previewed: Collection[date] = (),
    ) -> Iterator[list[StagedDay]]:
        """Judge and write the days of the manifests in chunks of at most `chunk_days`.

        The `previewed` ones among them get a preview.

        A file that holds many days is read once for all of them; files of one day each are read
        chunk by chunk. The Parquet files of a chunk are gone when the next one is asked for.

        Raises RefusedDropError for a file whose lines show that it is not what the contract
        describes; the catalogue then has the reason until the file is mended.
        """
        days = sorted(manifests)
        if not days:
            return
        many_days = isinstance(contract.day, DayFromColumn)
        reads = [days] if many_days else chunks(days, manifests, chunk_days)
        for read in reads:
            with self.stager(contract) as stager, ExitStack() as stack:
                some = {day: manifests[day] for day in read}
                for described, entry, day in _references(contract, some):
                    drop, found = _unchanged(contract, zone, catalogue, entry, day)
                    path = stack.enter_context(zone.local(drop))
                    stager.load_reference(described, drop_files(described, path, entry.file, found))
                files, expected = _drop_files(contract, zone, catalogue, some, stack)
                try:
                    stager.stage(contract, files, expected)
                except RefusedDropError as error:
                    (text,) = (text for text in files if text.file == error.file)
                    catalogue.refuse(contract, text.drop, str(error))
                    raise
                for chunk in chunks(read, manifests, chunk_days):
                    yield stager.write(contract, chunk, previewed)


def _drop_files(
    contract: SourceContract,
    zone: LandingZone,
    catalogue: Catalogue,
    manifests: Mapping[date, Manifest],
    stack: ExitStack,
) -> tuple[list[DropFile], dict[tuple[int, date], int]]:
    """The files behind some days, ready to read, and the lines that each has for each day."""
    days: dict[str, list[date]] = {}
    undated: dict[str, date] = {}
    entries: dict[str, Entry] = {}
    for day, manifest in manifests.items():
        for entry in manifest:
            if entry.reference:
                continue
            entries.setdefault(entry.file, entry)
            days.setdefault(entry.file, []).append(day)
            if entry.undated:
                undated[entry.file] = day
    texts: list[DropFile] = []
    expected: dict[tuple[int, date], int] = {}
    for file, entry in entries.items():
        drop, found = _unchanged(contract, zone, catalogue, entry, days[file][0])
        path = stack.enter_context(zone.local(drop))
        own = drop_files(contract, path, file, found, len(texts), undated.get(file))
        expected |= expected_lines(own, found, days[file])
        texts += own
    return texts, expected


def _references(
    contract: SourceContract, manifests: Mapping[date, Manifest]
) -> Iterator[tuple[SourceContract, Entry, date]]:
    """The one file of each reference of some days, with its description and one of the days."""
    for reference in contract.references:
        entries = {
            entry: day
            for day, manifest in manifests.items()
            for entry in manifest
            if entry.reference == reference.name
        }
        if len(entries) != 1:
            raise DropError(
                f"{reference.path}: {contract.name}/raw was materialised with {len(entries)} "
                f"versions of {reference.name} for these days; materialise it again for all of them"
            )
        [(entry, day)] = entries.items()
        yield reading(contract, reference), entry, day


def _unchanged(
    contract: SourceContract, zone: LandingZone, catalogue: Catalogue, entry: Entry, day: date
) -> tuple[Drop, Inspection]:
    """A drop and what it holds; DropError if it is not any more what `raw` wrote down for a day."""
    known = catalogue.drop(contract, entry.file)
    found = known.inspection if known else None
    if (
        known is None
        or found is None
        or found.sha256 != entry.sha256
        or zone.stat(entry.file) != known.drop
    ):
        raise DropError(
            f"{entry.file}: changed since {contract.name}/raw was materialised for {day}; "
            "materialise it again"
        )
    return known.drop, found
