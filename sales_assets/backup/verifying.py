"""Whether a backup is whole: every file has its hash, and every database opens.

Belongs here: judging a backup where it is kept. Does not: bringing it back (`restoring`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sales_assets.backup import copying, postgres, sqlite
from sales_assets.backup.manifest import Kept, Manifest, load_manifest, refuse_newer
from sales_assets.backup.parts import AUDIT, CATALOGUE, DAGSTER, DATABASE, WAREHOUSE
from sales_assets.backup.store import Backups
from sales_assets.contracts.quoting import quoted
from sales_assets.errors import PermanentError


def read_manifest(backups: Backups, name: str) -> Manifest:
    """What a backup says of itself; PermanentError if it cannot be used."""
    address = backups.manifest_address(name)
    return load_manifest(backups.read(name), address)


def problems(backups: Backups, name: str) -> Iterator[str]:
    """What is wrong with a backup, file by file; nothing if it is whole."""
    manifest = read_manifest(backups, name)
    for kept in manifest.files:
        try:
            with backups.file(kept.sha256) as path:
                check_content(kept, copying.read(path))
                _open(manifest, kept, path)
        except PermanentError as error:
            yield f"{kept.name}: {error}"


def check_content(kept: Kept, found: copying.Content) -> None:
    """Raise PermanentError if a file is not what was backed up."""
    if (found.sha256, found.size) != (kept.sha256, kept.size):
        raise PermanentError(
            f"is damaged: {found.size:,} bytes with another hash than the {kept.size:,} that were "
            "backed up; take another backup by --name"
        )


def _open(manifest: Manifest, kept: Kept, path: Path) -> None:
    """Raise PermanentError if a database is none."""
    is_log = kept.name.startswith(f"{DAGSTER}/") and kept.name.endswith(DATABASE)
    if is_log or kept.name in {CATALOGUE, AUDIT}:
        sqlite.check(path)
    elif kept.name == WAREHOUSE:
        refuse_newer(manifest, WAREHOUSE, ["duckdb"])
        _check_duckdb(path)
    for dump in manifest.dumps:
        if dump.name == kept.name:
            postgres.check(dump.server, path)


def _check_duckdb(path: Path) -> None:
    """Read every value: DuckDB compares each block with its checksum."""
    import duckdb

    tables = (
        "SELECT schema_name, table_name FROM duckdb_tables() "
        "WHERE database_name = current_database()"
    )
    try:
        with duckdb.connect(path, read_only=True) as connection:
            for schema, table in connection.execute(tables).fetchall():
                connection.execute(
                    f"SELECT bit_xor(hash(t)) FROM {quoted(schema)}.{quoted(table)} AS t"
                ).fetchall()
    except duckdb.Error as error:
        raise PermanentError(f"DuckDB says: {error}") from error
