from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sales_assets.contracts.pseudonyms import read_key
from sales_assets.doctor.findings import Severity
from sales_assets.doctor.inputs import (
    contracts,
    exchange_rates,
    landing_queue,
    landing_zone,
    pseudonym_keys,
)
from sales_assets.errors import ContractError, PermanentError, TransientError, UsageError
from sales_assets.setting_kinds import ExchangeRatesKind
from sales_assets.settings import Settings
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.s3 import REGION, client

DROP = drop("1,2024-02-01,tea,ann,1.25")


def in_bucket(home: Path, endpoint: str, bucket: str, **more: Any) -> Settings:
    return Settings(
        home=home,
        contracts=SHOP.parent,
        landing_zone=f"s3://{bucket}/landing",
        s3_endpoint_url=endpoint,
        s3_region=REGION,
        **more,
    )


def only_shop(settings: Settings, folder: Path) -> Settings:
    folder.mkdir()
    (folder / SHOP.name).write_text(SHOP.read_text())
    return settings.model_copy(update={"contracts": folder})


def test_contracts_are_counted_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    settings = only_shop(Settings(home=tmp_path), tmp_path / "contracts")
    [found] = contracts(settings)
    assert found.severity is Severity.OK
    assert found.found.startswith("1 in ")

    (tmp_path / "contracts" / "wrong.odcs.yaml").write_text("kind: nothing\n")
    with pytest.raises(ContractError, match=r"wrong\.odcs\.yaml"):
        list(contracts(settings))


def test_a_folder_without_contracts_is_told_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, contracts=tmp_path)
    with pytest.raises(ContractError, match="holds no contract"):
        list(contracts(settings))
    assert list(landing_zone(settings)) == []


def test_a_missing_key_of_pseudonyms_is_told_where_other_machines_need_the_same(
    tmp_path: Path,
) -> None:
    settings = only_shop(Settings(home=tmp_path), tmp_path / "contracts")
    assert list(pseudonym_keys(settings)) == [], "nothing is personal"
    contract = tmp_path / "contracts" / SHOP.name
    who = "description: Who bought it."
    contract.write_text(contract.read_text().replace(who, f"classification: personal, {who}"))
    [found] = pseudonym_keys(settings)
    assert (found.severity, settings.pseudonym_folder.exists()) == (Severity.OK, False)

    in_bucket = settings.model_copy(update={"landing_zone": "s3://sales/landing"})
    with pytest.raises(UsageError, match="openssl rand"):
        list(pseudonym_keys(in_bucket))
    read_key(settings.pseudonym_folder, found.check.split()[-1])
    [found] = pseudonym_keys(in_bucket)
    assert found.severity is Severity.OK


def test_drops_in_a_folder_are_read(tmp_path: Path) -> None:
    with Installation(tmp_path, [SHOP]) as made:
        [none] = landing_zone(made.settings)
        assert (none.severity, none.found[:8]) == (Severity.OK, "none yet")
        made.write_drop("shop", "2024-02-01.csv", DROP)
        [read] = landing_zone(made.settings)
        assert (read.severity, read.found[:22]) == (Severity.OK, "can be listed and read")
        elsewhere = made.settings.model_copy(update={"landing_zone": str(tmp_path / "share")})
        [away] = landing_zone(elsewhere)
    assert away.severity is Severity.WARNING
    assert "mounted" in away.to_do


def test_drops_in_a_bucket_are_listed_and_read(tmp_path: Path, endpoint: str, bucket: str) -> None:
    settings = only_shop(in_bucket(tmp_path, endpoint, bucket), tmp_path / "contracts")
    [away] = landing_zone(settings)
    assert away.severity is Severity.WARNING

    s3 = client("s3", endpoint)
    s3.put_object(Bucket=bucket, Key="landing/tests/shop/2024-02-01.csv", Body=DROP.encode())
    [read] = landing_zone(settings)
    assert read.severity is Severity.OK

    forbidden = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [forbidden]}))
    [refused] = landing_zone(settings)
    assert refused.severity is Severity.PROBLEM
    assert "2024-02-01.csv: " in refused.found
    assert "sales-assets setup aws" in refused.to_do


def test_a_bucket_that_is_not_there_is_told_with_its_setting(tmp_path: Path, endpoint: str) -> None:
    settings = only_shop(in_bucket(tmp_path, endpoint, "nobodys"), tmp_path / "contracts")
    [found] = landing_zone(settings)
    assert found.severity is Severity.PROBLEM
    assert re.search("no such bucket.*SALES_ASSETS_LANDING_ZONE", found.found)


def test_waiting_messages_are_counted_and_stay(tmp_path: Path, endpoint: str, bucket: str) -> None:
    sqs = client("sqs", endpoint)
    queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    settings = in_bucket(tmp_path, endpoint, bucket, landing_queue_url=queue)
    for _ in range(2):
        [found] = landing_queue(settings)
        assert (found.severity, found.found[:2]) == (Severity.OK, "1 ")

    sqs.delete_queue(QueueUrl=queue)
    with pytest.raises(PermanentError, match="SALES_ASSETS_LANDING_QUEUE_URL"):
        list(landing_queue(settings))


def test_without_a_queue_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert list(landing_queue(Settings(home=tmp_path))) == []


def test_the_shipped_file_of_rates_is_read_and_a_missing_one_told(tmp_path: Path) -> None:
    [found] = exchange_rates(Settings(home=tmp_path))
    assert found.severity is Severity.OK
    assert "currencies" in found.found
    with pytest.raises((PermanentError, TransientError), match=r"away\.zip"):
        list(exchange_rates(Settings(home=tmp_path, exchange_rates_snapshot=tmp_path / "away.zip")))


def test_an_api_that_is_away_is_a_warning_since_runs_go_on_without_it(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        settings = Settings(
            home=tmp_path, exchange_rates=ExchangeRatesKind.LIVE, exchange_rates_url=stand_in.url
        )
        [found] = exchange_rates(settings)
        assert found.severity is Severity.OK
        stand_in.inject(faults.server_error(), times=FOR_EVER)
        for _ in range(7):
            [found] = exchange_rates(settings)
        assert not list(tmp_path.iterdir()), "no circuit breaker has counted it"
    assert found.severity is Severity.WARNING
    assert "503" in found.found
