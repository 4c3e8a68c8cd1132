"""An installation whose databases are in PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from sales_assets.backup import postgres
from sales_assets.backup.store import FolderBackups
from sales_assets.backup.targets import find_targets
from sales_assets.backup.verifying import problems
from sales_assets.errors import PermanentError, TransientError, UsageError
from sales_assets.instance.retention import prune
from sales_assets.settings import Settings
from sales_assets_tests.backup.scene import (
    asks_for_nothing,
    bring_back,
    destroy,
    make_small,
    state,
    take,
    tick,
    write,
)
from sales_assets_tests.conftest import skip_or_fail
from sales_assets_tests.harness import SHOP, Installation
from sales_assets_tests.services import postgres_database

pytestmark = pytest.mark.long
ROWS = "SELECT * FROM revenue UNION ALL BY NAME SELECT * FROM ledger"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database, in the variable that dagster.yaml names."""
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        skip_or_fail("pg_dump and pg_restore are not here")
    with postgres_database() as made:
        monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", made)
        yield made


@pytest.mark.parametrize("databases", [1, 2])
def test_an_installation_in_postgresql_comes_back_into_empty_databases(
    tmp_path: Path, address: str, place: str, monkeypatch: pytest.MonkeyPatch, databases: int
) -> None:
    with postgres_database() as other, postgres_database() as new, postgres_database() as new_other:
        given: dict[str, Any] = {
            "dagster_postgres_url": SecretStr(address),
            "catalogue_url": address if databases == 1 else other,
        }
        with Installation(tmp_path / "home", [SHOP], **given) as made:
            write(made, "shop", "2024-01-01.csv", "1,2024-01-01,tea,ann,1.5")
            for _ in range(2):
                made.materialize("2024-01-01", "2024-01-01", marts=False, rates=False)
            prune(made.instance, timedelta(0))
            known, settings = state(made, "tests"), made.settings
            rows = made.query(ROWS)
            under_way = dg.DagsterRun("any", status=dg.DagsterRunStatus.STARTED)
            made.instance.add_run(under_way)
        taken = take(settings, place)
        assert ["+".join(dump.holds) for dump in taken.manifest.dumps] == (
            ["dagster+catalogue+audit"] if databases == 1 else ["dagster+audit", "catalogue"]
        )
        backups = FolderBackups(Path(place))
        assert not list(problems(backups, taken.name))
        destroy(settings)
        with pytest.raises(UsageError, match=r"is not empty\. Nothing here drops a database"):
            bring_back(settings, place)
        assert not settings.home.exists()

        monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", new)
        given = {
            "dagster_postgres_url": SecretStr(new),
            "catalogue_url": new if databases == 1 else new_other,
        }
        restored = bring_back(settings.model_copy(update=given), place)

        assert restored.ended_runs == 1
        with Installation(settings.home, [SHOP], **given) as again:
            ended = again.instance.get_run_by_id(under_way.run_id)
            assert ended is not None
            assert ended.status is dg.DagsterRunStatus.FAILURE
            now = state(again, "tests")
            # The end of that run is an event more.
            changed = {name for name in now if now[name] != known[name]}
            assert changed <= {"greatest id"}
            assert again.query(ROWS) == rows
            assert asks_for_nothing(tick(again))


def test_one_database_with_several_addresses_is_one_dump_that_comes_back_by_the_same_settings(
    tmp_path: Path, address: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def addresses(database: str) -> dict[str, Any]:
        """Without a password and with a port, and the other way round with another driver."""
        monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", database)
        url = sa.make_url(database)
        return {
            "dagster_postgres_url": SecretStr(database),
            "catalogue_url": f"postgresql://{url.username}:pw@{url.host}/{url.database}",
        }

    small = make_small(
        tmp_path / "home", dagster_postgres_url=SecretStr(address), catalogue_url=address
    )
    settings = small.model_copy(update=addresses(address))
    taken = take(settings, place).manifest
    assert [dump.holds for dump in taken.dumps] == [("dagster", "catalogue", "audit")]
    destroy(settings)
    with postgres_database() as new:
        again = settings.model_copy(update=addresses(new))
        [(_, target)] = find_targets(again, taken)
        assert target.password == "pw", "the programs would have to ask for it"

        bring_back(again, place)

        assert not postgres.is_empty(sa.make_url(new))
        with dg.DagsterInstance.from_config(str(again.dagster_home)) as instance:
            assert instance.get_runs_count() == 1


def test_two_databases_are_not_put_into_one_whose_address_is_spelt_in_two_ways(
    tmp_path: Path, address: str, place: str
) -> None:
    with postgres_database() as other, postgres_database() as new:
        settings = make_small(
            tmp_path / "home", dagster_postgres_url=SecretStr(address), catalogue_url=other
        )
        take(settings, place)
        destroy(settings)
        same = {
            "dagster_postgres_url": SecretStr(new),
            "catalogue_url": new.replace("127.0.0.1", "localhost"),
        }
        with pytest.raises(UsageError, match=r"catalogue would go there, .* for each \(createdb\)"):
            bring_back(settings.model_copy(update=same), place)
        assert postgres.is_empty(sa.make_url(new))
        assert not settings.home.exists()


def test_settings_without_the_database_are_told_what_to_set(
    tmp_path: Path, address: str, place: str
) -> None:
    settings = make_small(tmp_path / "home", dagster_postgres_url=SecretStr(address))
    take(settings, place)
    destroy(settings)
    without = settings.model_copy(update={"dagster_postgres_url": None})
    with pytest.raises(UsageError, match="set SALES_ASSETS_DAGSTER_POSTGRES_URL"):
        bring_back(without, place)
    assert not settings.home.exists()


def test_a_database_that_does_not_answer_leaves_no_backup(
    made: Settings, address: str, place: str
) -> None:
    settings = made
    gone = settings.model_copy(update={"catalogue_url": f"{address}_gone"})
    with pytest.raises(TransientError, match="does not answer"):
        take(gone, place)
    assert FolderBackups(Path(place)).names() == []


def test_what_is_written_after_the_moment_is_not_in_the_dump(address: str, tmp_path: Path) -> None:
    url = sa.make_url(address)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE told (word text)")
        connection.exec_driver_sql("INSERT INTO told VALUES ('before')")
    with postgres.moment(url) as snapshot:
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO told VALUES ('after')")
        postgres.dump(url, postgres.major_version(url), snapshot, tmp_path / "dump")
    with postgres_database() as other:
        assert postgres.is_empty(sa.make_url(other))
        postgres.restore(sa.make_url(other), postgres.major_version(url), tmp_path / "dump")
        assert not postgres.is_empty(sa.make_url(other))
        found = sa.create_engine(other, poolclass=sa.NullPool)
        with found.connect() as connection:
            assert list(connection.scalars(sa.text("SELECT word FROM told"))) == ["before"]


def test_a_program_that_is_too_old_is_told_with_what_to_install() -> None:
    with pytest.raises(PermanentError, match="postgresql-client-99"):
        postgres.program("pg_dump", 99)


def test_a_password_is_in_no_argument_and_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "pg_dump"
    fake.write_text(
        '#!/bin/sh\nif [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 15.1"; exit; fi\n'
        'echo "$PGPASSWORD|$*" >&2; exit 1\n'
    )
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    url = sa.make_url("postgresql+psycopg2://ann:s3cret@db.example.com/sales")
    with pytest.raises(PermanentError) as failure:
        postgres.dump(url, 15, "0-1", tmp_path / "file")
    told = str(failure.value)
    assert "s3cret|" in told, "the program has it from its environment"
    assert told.count("s3cret") == 1
    assert "postgresql://ann@db.example.com/sales" in told
