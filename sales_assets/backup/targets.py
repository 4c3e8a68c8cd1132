"""The empty databases of PostgreSQL that the dumps of a backup go to.

Belongs here: finding them by the settings, and what is refused before any is filled. Does not:
filling them (`postgres`, `restoring`).
"""

from __future__ import annotations

from contextlib import ExitStack

import sqlalchemy as sa

from sales_assets.backup import postgres
from sales_assets.backup.databases import Database, with_password
from sales_assets.backup.manifest import Dump, Manifest
from sales_assets.errors import UsageError
from sales_assets.platform.audit.opening import audit_address
from sales_assets.settings import PREFIX, Settings

_SETTINGS = f"{PREFIX}DAGSTER_POSTGRES_URL, {PREFIX}CATALOGUE_URL or {PREFIX}AUDIT_URL"


def find_targets(settings: Settings, manifest: Manifest) -> list[tuple[Dump, sa.URL]]:
    """Each dump and the database that it goes to.

    Raises UsageError if the settings name none, one that is not empty, or one for two dumps.
    """
    found: list[tuple[Dump, sa.URL]] = []
    with ExitStack() as claims:
        for dump in manifest.dumps:
            url = _address(settings, manifest, dump)
            _check(url, dump)
            if not claims.enter_context(postgres.claimed(url)):
                raise UsageError(
                    f"{_shown(url)}: {_told(dump)} would go there, and something else that was "
                    "in another database goes there too, or another restore is under way: make "
                    f"an empty database for each (createdb), and set {_SETTINGS} to them"
                )
            found.append((dump, url))
    return found


def _address(settings: Settings, manifest: Manifest, dump: Dump) -> sa.URL:
    dagster = settings.dagster_postgres_url
    addresses = {
        "dagster": dagster and dagster.get_secret_value(),
        "catalogue": settings.catalogue_address,
        "audit": audit_address(settings),
    }
    urls = [sa.make_url(address) for held in dump.holds if (address := addresses[held])]
    identities = {Database(dump.name, url=url).identity for url in urls}
    if len(identities) != 1 or urls[0].get_backend_name() != "postgresql":
        raise UsageError(
            f"{_told(dump)} were in one database of PostgreSQL: set {_SETTINGS} to one, which is "
            f"empty. The settings were: {manifest.told_settings}"
        )
    return with_password(urls)


def _check(url: sa.URL, dump: Dump) -> None:
    """Raise an error that says what to do for a server that is too old, or what is not empty."""
    server = postgres.major_version(url)
    if server < dump.server:
        raise UsageError(
            f"{_shown(url)}: is PostgreSQL {server}, and the backup of {dump.server}; take a "
            "server of that version or newer"
        )
    postgres.program("pg_restore", dump.server)
    if not postgres.is_empty(url):
        raise UsageError(
            f"{_shown(url)}: is not empty. Nothing here drops a database: make another one "
            "(createdb), or drop it by yourself, and try again"
        )


def _shown(url: sa.URL) -> str:
    return url.render_as_string(hide_password=True)


def _told(dump: Dump) -> str:
    return " and ".join(dump.holds)
