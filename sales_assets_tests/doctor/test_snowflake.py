from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_assets.doctor.findings import Finding, Severity
from sales_assets.doctor.snowflake import account
from sales_assets.settings import Settings
from sales_assets_tests.s3 import REGION, answering, client
from sales_assets_tests.snowflake.keys import write_private_key
from sales_assets_tests.snowflake.running import SnowflakeServer, serving

SCHEMAS = [f"Snowflake schema {name}" for name in ("MAIN", "STAGING", "CORE", "MARTS")]
EVERYTHING = ["clock of Snowflake", "Snowflake sign-in", *SCHEMAS, "Snowflake load"]


@pytest.fixture
def settings(snowflake_server: SnowflakeServer, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", **snowflake_server.settings())


def problems(settings: Settings) -> dict[str, Finding]:
    return {f.check: f for f in account(settings) if f.severity is Severity.PROBLEM}


def leftovers(server: SnowflakeServer, settings: Settings) -> list[Any]:
    with server.warehouse(settings.snowflake_database)._read() as session:
        names = session.query("SELECT table_name FROM information_schema.tables")
        tables = [name for (name,) in names if "doctor" in name.lower()]
        return tables + session.query("LIST @main.loads")


def test_all_that_a_run_needs_is_tried_and_nothing_of_it_is_left(
    snowflake_server: SnowflakeServer, settings: Settings
) -> None:
    found = list(account(settings))
    assert [(f.check, f.severity) for f in found] == [(name, Severity.OK) for name in EVERYTHING]
    assert not leftovers(snowflake_server, settings)
    assert snowflake_server.ask("sessions") == 0, "the session is closed"


def test_a_role_that_the_user_does_not_have_is_told(
    snowflake_server: SnowflakeServer, settings: Settings
) -> None:
    with snowflake_server.limited("nobodys_role"):
        found = problems(settings.model_copy(update={"snowflake_role": "nobodys_role"}))
    assert list(found) == ["Snowflake sign-in"]
    assert "nobodys_role" in found["Snowflake sign-in"].found
    assert "setup snowflake" in found["Snowflake sign-in"].to_do


def test_a_key_that_cannot_be_read_is_told_by_its_setting_alone(settings: Settings) -> None:
    away = settings.model_copy(update={"snowflake_private_key_path": Path("/nowhere/key.p8")})
    found = problems(away)["Snowflake sign-in"]
    assert "SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH" in found.found
    assert "setup snowflake" not in found.to_do


def test_a_clock_for_which_a_sign_in_is_refused_is_told(settings: Settings) -> None:
    with answering(403, date="Thu, 01 Jan 2026 00:00:00 GMT") as address:
        given = settings.model_copy(update={"snowflake_endpoint_url": address})
        found = next(iter(account(given)))
    assert (found.check, found.severity) == ("clock of Snowflake", Severity.PROBLEM)


def test_tables_of_another_role_are_told(
    snowflake_server: SnowflakeServer, settings: Settings
) -> None:
    snowflake_server.warehouse(settings.snowflake_database).rows("SELECT 1 FROM ledger")
    with snowflake_server.limited(owner="SYSADMIN"):
        [found] = [f for f in account(settings) if f.severity is not Severity.OK]
    assert (found.check, found.severity) == ("Snowflake tables", Severity.WARNING)
    assert found.found.endswith("are not SALES_ASSETS's: main.commits is SYSADMIN's")


def test_a_key_that_is_not_the_users_is_told(settings: Settings, tmp_path: Path) -> None:
    write_private_key(tmp_path / "other.p8")
    other = settings.model_copy(update={"snowflake_private_key_path": tmp_path / "other.p8"})
    [(check, found)] = problems(other).items()
    assert check == "Snowflake sign-in"
    assert "JWT token is invalid" in found.found
    assert "setup snowflake" in found.to_do


@pytest.mark.long
def test_a_server_that_does_not_answer_is_told(settings: Settings) -> None:
    nobody = settings.model_copy(update={"snowflake_endpoint_url": "http://127.0.0.1:9"})
    assert list(problems(nobody)) == ["Snowflake sign-in"]


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("snowflake_warehouse", "virtual warehouse"),
        ("snowflake_database", "database"),
    ],
)
def test_what_the_sign_in_passes_over_in_silence_is_told(
    snowflake_server: SnowflakeServer, settings: Settings, setting: str, kind: str
) -> None:
    name = f"nobodys_{kind.replace(' ', '_')}"
    other = settings.model_copy(update={setting: name})
    with snowflake_server.limited(name):
        found = problems(other)
    assert list(found) == [f"Snowflake {kind}"]
    assert name in found[f"Snowflake {kind}"].found


def test_a_schema_that_is_not_there_is_told(
    snowflake_server: SnowflakeServer, settings: Settings
) -> None:
    with snowflake_server.limited("CORE"):
        found = problems(settings)
    assert list(found) == ["Snowflake schema CORE"]
    assert "setup snowflake" in found["Snowflake schema CORE"].to_do


@pytest.mark.parametrize(
    ("forbidden", "check"),
    [
        (r"CREATE TRANSIENT TABLE main\.", "Snowflake schema MAIN"),
        (r"CREATE VIEW marts\.", "Snowflake schema MARTS"),
        ("CREATE STAGE", "Snowflake load"),
        ("PUT ", "Snowflake load"),
        ("COPY INTO", "Snowflake load"),
    ],
)
def test_each_right_that_is_lacking_is_told_and_the_others_are_still_tried(
    snowflake_server: SnowflakeServer, settings: Settings, forbidden: str, check: str
) -> None:
    with snowflake_server.limited(forbidden=forbidden):
        found = list(account(settings))
    [lacking] = [f for f in found if f.severity is Severity.PROBLEM]
    assert lacking.check == check
    assert "Insufficient privileges" in lacking.found
    assert "sales-assets setup snowflake" in lacking.to_do
    others = [f.check for f in found if f.severity is Severity.OK]
    assert others == [name for name in EVERYTHING if name != check]
    assert not leftovers(snowflake_server, settings)


@pytest.mark.long
def test_an_external_stage_is_tried_with_an_object_in_its_bucket(
    tmp_path: Path, endpoint: str, bucket: str
) -> None:
    on_s3: dict[str, Any] = {
        "object_store": "s3",
        "s3_bucket": bucket,
        "s3_prefix": "staged",
        "s3_region": REGION,
        "s3_endpoint_url": endpoint,
    }
    with serving(tmp_path / "snowflake", "--s3-endpoint-url", endpoint) as server:
        given = server.settings()
        with server.warehouse(given["snowflake_database"])._read() as session:
            session.query(f"CREATE STAGE main.objects URL = 's3://{bucket}/staged/'")
            session.query(f"CREATE STAGE main.elsewhere URL = 's3://{bucket}/other/'")
        settings = Settings(home=tmp_path, **given, **on_s3, snowflake_stage="main.objects")
        loads = {f.check: f for f in account(settings)}
        assert loads["Snowflake load"].found == "by the external stage main.objects"

        wrong = settings.model_copy(update={"snowflake_stage": "main.elsewhere"})
        found = problems(wrong)["Snowflake load"]
    assert f"main.elsewhere is a stage on s3://{bucket}/staged/" in found.to_do
    assert "Contents" not in client("s3", endpoint).list_objects_v2(Bucket=bucket)
