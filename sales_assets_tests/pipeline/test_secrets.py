"""Secrets of production are in no log, event, metadata, error, repr or file of a home."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sales_assets.build import build_definitions
from sales_assets.errors import SalesAssetsError
from sales_assets.resources.build import build_warehouse, dbt_location
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.s3 import new_bucket
from sales_assets_tests.snowflake.running import SnowflakeServer, serving

pytestmark = pytest.mark.long
PASSPHRASE = "planted passphrase of a key"
PLANTED = {
    "SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": PASSPHRASE,
    "AWS_SECRET_ACCESS_KEY": "planted/secret+access/key",
    "AWS_SESSION_TOKEN": "planted-session-token==",
    "PGPASSWORD": "planted-password-of-postgresql",
    "SALES_ASSETS_CELERY_BROKER": "amqp://sales:planted-broker-password@localhost:5672//",
}
SECRETS = [
    *(PLANTED[name] for name in PLANTED if name != "SALES_ASSETS_CELERY_BROKER"),
    "planted-broker-password",
]
DAY = "2024-01-01"


@pytest.fixture
def snowflake(tmp_path: Path, endpoint: str) -> Iterator[SnowflakeServer]:
    """A stand-in to which only a sealed key signs in."""
    with serving(tmp_path / "snowflake", passphrase=PASSPHRASE) as server:
        yield server


def test_nothing_that_production_says_or_leaves_holds_a_secret(
    snowflake: SnowflakeServer,
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG)
    for name in ("botocore", "boto3", "s3transfer", "urllib3"):
        caplog.set_level(logging.INFO, name)  # at DEBUG botocore shows what it signs with
    key = snowflake.key.read_text()
    settings = {
        **snowflake.settings(),
        "object_store": "s3",
        "s3_bucket": new_bucket(),
        "s3_region": "us-east-1",
        "s3_endpoint_url": endpoint,
        "dbt_prepared_path": tmp_path / "home" / "prepared",
    }
    with Installation(tmp_path / "home", [SHOP], **settings) as made:
        made.write_drop("shop", f"{DAY}.csv", drop(f"1,{DAY},tea,ann,1"))
        done = made.materialize(DAY, DAY)
        with build_warehouse(made.settings).exclusive():
            pass
        warehouse: Any = build_warehouse(made.settings)
        with warehouse._write() as session:
            session.query("ALTER TABLE main.ledger DROP COLUMN lines")
        failed = made.materialize(DAY, DAY, raise_on_error=False)
        assert not failed.success
        definitions = build_definitions(made.settings)
        told = [
            repr(made.settings),
            made.settings.model_dump_json(),
            repr(dbt_location(made.settings)),
            *(repr(resource) for resource in made.resources.values()),
            *(repr(vars(resource)) for resource in made.resources.values()),
            repr(definitions.resources),
            *(
                repr(entry)
                for run in (done, failed)
                for entry in made.instance.all_logs(run.run_id)
            ),
            caplog.text,
            *capfd.readouterr(),
        ]
    told += [path.read_bytes().decode("latin-1") for path in _files(made.settings.home)]
    everything = "".join(told)
    assert "snowflake://acme-sales" in everything
    assert len(everything) > 100_000
    lines_of_key = [line for line in key.splitlines() if "-----" not in line]
    for secret in [*SECRETS, lines_of_key[1], *lines_of_key[-2:-1]]:
        assert not [text[:200] for text in told if secret in text]


def _files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_no_refused_sign_in_holds_a_secret_with_all_that_led_to_it(
    snowflake: SnowflakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "planted wrong passphrase"
    secrets = [wrong, PASSPHRASE]
    for passphrase, more in (
        (wrong, {}),
        (PASSPHRASE, {"user": "somebody"}),
        (PASSPHRASE, {"endpoint_url": "http://127.0.0.1:9", "network_timeout": 2, "attempts": 1}),
    ):
        monkeypatch.setenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", passphrase)
        warehouse = snowflake.warehouse(**more)
        with pytest.raises(SalesAssetsError) as error:
            warehouse.rows("SELECT 1")
        told = "".join(traceback.format_exception(error.value)) + repr(error.value) + caplog.text
        assert "snowflake" in told.lower()
        assert not [secret for secret in secrets if secret in told]
        assert not [secret for secret in secrets if secret in repr(warehouse)]
