"""Credentials of AWS are in no setting, configuration, log, event, error, or file of a home."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sales_assets.errors import SalesAssetsError
from sales_assets.resources.build import build_resources
from sales_assets.setting_kinds import ObjectStoreKind
from sales_assets.settings import Settings
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.pipeline.test_on_s3 import on_s3
from sales_assets_tests.s3 import answering

PLANTED = {
    "AWS_ACCESS_KEY_ID": "PLANTEDACCESSKEYID00",
    "AWS_SECRET_ACCESS_KEY": "planted/secret+access/key",
    "AWS_SESSION_TOKEN": "planted-session-token==",
}
SECRETS = [PLANTED["AWS_SECRET_ACCESS_KEY"], PLANTED["AWS_SESSION_TOKEN"]]


@pytest.fixture
def planted(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server's address, with credentials in the environment that can be recognised."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    return endpoint


def test_nothing_that_a_run_says_or_leaves_holds_a_credential(
    planted: str,
    bucket: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("botocore", "boto3", "s3transfer", "urllib3"):
        caplog.set_level(logging.INFO, name)
    with Installation(tmp_path / "home", [SHOP], **on_s3(bucket, planted)) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.materialize("2024-01-01", "2024-01-01", layers=["raw", "staged"], marts=False)
        store = made.resources["object_store"]
        store.delete(store.find(""))
        failed = made.materialize(
            "2024-01-01",
            "2024-01-01",
            layers=["revenue", "rejected"],
            marts=False,
            raise_on_error=False,
        )
        assert not failed.success
        told = [
            repr(made.settings),
            made.settings.model_dump_json(),
            *(repr(resource) for resource in made.resources.values()),
            *(repr(vars(resource)) for resource in made.resources.values()),
            *(repr(entry) for entry in made.instance.all_logs(failed.run_id)),
            repr(failed.all_events),
            caplog.text,
            *capfd.readouterr(),
        ]
    told += [p.read_bytes().decode("latin-1") for p in made.settings.home.rglob("*") if p.is_file()]
    assert f"s3://{bucket}/staged/accepted" in "".join(told)
    assert sum(map(len, told)) > 100_000
    for secret in SECRETS:
        assert not [text[:200] for text in told if secret in text]


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "ExpiredToken"), (403, "SignatureDoesNotMatch"), (403, "InvalidAccessKeyId"), (500, "")],
)
def test_no_error_holds_a_credential_with_all_that_led_to_it(
    planted: str, tmp_path: Path, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.csv").write_text("a")
    with answering(status, code, "refused") as address:
        settings = Settings(
            home=tmp_path,
            object_store=ObjectStoreKind.S3,
            s3_bucket="bucket",
            s3_endpoint_url=address,
            s3_region="us-east-1",
            landing_zone="s3://bucket/in",
            landing_queue_url=f"{address}/1/queue",
        )
        resources = {
            name: made.model_copy(update={"attempts": 1})
            for name, made in build_resources(settings).items()
            if name in {"object_store", "landing_zone", "landing_events"}
        }
        store, zone, events = (
            resources[name] for name in ("object_store", "landing_zone", "landing_events")
        )
        calls: list[Callable[[], object]] = [
            lambda: store.put([(tmp_path / "a.csv", "a")]),
            lambda: store.find(""),
            lambda: store.delete(["a"]),
            lambda: store.local(["a"]).__enter__(),
            lambda: zone.list("*"),
            lambda: zone.stat("a.csv"),
            lambda: zone.put(tmp_path / "a.csv", "*.csv"),
            lambda: events.received().__enter__(),
        ]
        for call in calls:
            with pytest.raises(SalesAssetsError) as error:
                call()
            told = (
                "".join(traceback.format_exception(error.value)) + repr(error.value) + caplog.text
            )
            assert not [secret for secret in SECRETS if secret in told]
            assert address in told or "s3://bucket" in told


def test_an_address_with_a_password_is_refused_since_the_ui_would_show_it(tmp_path: Path) -> None:
    for name in ("s3_endpoint_url", "landing_queue_url", "exchange_rates_url"):
        given: dict[str, Any] = {name: "https://ann:secret@example.com"}
        with pytest.raises(ValueError, match=name):
            Settings(home=tmp_path, **given)
