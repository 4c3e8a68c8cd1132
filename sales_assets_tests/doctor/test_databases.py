from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from sales_assets.doctor.databases import catalogue
from sales_assets.doctor.findings import Severity
from sales_assets.resources.catalogue import Catalogue
from sales_assets.settings import Settings
from sales_assets_tests.services import postgres_database


def test_a_catalogue_in_a_file_is_told_and_none_is_made(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    [found] = catalogue(settings)
    assert (found.severity, list(tmp_path.iterdir())) == (Severity.OK, [])
    assert Catalogue(url=settings.catalogue_address).identity
    [found] = catalogue(settings)
    assert found.found == str(tmp_path / "catalogue.sqlite")


def test_a_catalogue_that_is_damaged_is_told(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (a TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 1000)
        connection.execute("CREATE INDEX i ON t (a)")
    connection.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * 4096 + whole[12288:])
    [found] = catalogue(Settings(home=tmp_path))
    assert found.severity is Severity.PROBLEM
    file.write_bytes(b"no database" * 1000)
    [found] = catalogue(Settings(home=tmp_path))
    assert found.severity is Severity.PROBLEM
    assert "not a database" in found.found


def test_catalogue_and_storage_in_postgresql_are_told_with_its_clock(tmp_path: Path) -> None:
    with postgres_database() as address:
        settings = Settings(
            home=tmp_path, catalogue_url=address, dagster_postgres_url=SecretStr(address)
        )
        found = list(catalogue(settings))
    assert [(f.check, f.severity) for f in found] == [
        ("catalogue", Severity.OK),
        ("clock of PostgreSQL", Severity.OK),
        ("Dagster's storage", Severity.OK),
        ("clock of PostgreSQL", Severity.OK),
    ]


def test_a_user_who_may_not_create_tables_is_told_what_to_grant(tmp_path: Path) -> None:
    with postgres_database() as address:
        role = address.rpartition("/")[2].replace("sales_assets_test", "role")
        server = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
            connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            settings = Settings(
                home=tmp_path, catalogue_url=address.replace("postgres@", f"{role}@")
            )
            try:
                found = list(catalogue(settings))
                assert [f.severity for f in found] == [Severity.PROBLEM, Severity.OK]
                assert found[0].to_do == f'GRANT USAGE, CREATE ON SCHEMA public TO "{role}"'
                connection.exec_driver_sql("CREATE TABLE drops (file TEXT)")
                assert next(f.severity for f in catalogue(settings)) is Severity.WARNING
                connection.exec_driver_sql(found[0].to_do)
                assert [f.severity for f in catalogue(settings)] == [Severity.OK, Severity.OK]
                connection.exec_driver_sql(f"DROP OWNED BY {role}")
            finally:
                connection.exec_driver_sql(f"DROP ROLE {role}")


@pytest.mark.parametrize("address", ["127.0.0.1:9/sales", "127.0.0.1:5432/nobodys"])
def test_a_server_or_a_database_that_is_not_there_is_told_without_the_password(
    tmp_path: Path, address: str
) -> None:
    url = f"postgresql+psycopg2://postgres:the-word@{address}"
    settings = Settings(home=tmp_path, dagster_postgres_url=SecretStr(url))
    [_, found] = catalogue(settings)
    assert found.severity is Severity.PROBLEM
    assert "SALES_ASSETS_DAGSTER_POSTGRES_URL" in found.to_do
    assert "the-word" not in found.found


def test_the_schema_of_the_address_is_the_one_that_is_looked_at(tmp_path: Path) -> None:
    with postgres_database() as address:
        settings = Settings(home=tmp_path, catalogue_url=f"{address}?options=-csearch_path%3Dsales")
        [missing, _] = catalogue(settings)
        assert missing.severity is Severity.PROBLEM
        assert "create the schema" in missing.to_do
        server = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with server.connect() as connection:
            connection.exec_driver_sql("CREATE SCHEMA sales")
        assert [f.severity for f in catalogue(settings)] == [Severity.OK, Severity.OK]


def test_a_server_that_can_only_be_read_is_told(tmp_path: Path) -> None:
    with postgres_database() as address:
        server = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with server.connect() as connection:
            name = address.rpartition("/")[2]
            read_only = "SET default_transaction_read_only = on"
            connection.exec_driver_sql(f"ALTER DATABASE {name} {read_only}")
        [found, _] = catalogue(Settings(home=tmp_path, catalogue_url=address))
    assert found.severity is Severity.PROBLEM
    assert "standby" in found.found


def test_a_home_with_signs_in_its_name_is_looked_at_itself(tmp_path: Path) -> None:
    home = tmp_path / "100% #1"
    settings = Settings(home=home)
    home.mkdir()
    (home / "catalogue.sqlite").write_bytes(b"no database" * 1000)
    [found] = catalogue(settings)
    assert found.severity is Severity.PROBLEM
    assert [file.name for file in tmp_path.iterdir()] == [home.name]
