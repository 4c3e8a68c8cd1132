from __future__ import annotations

import json
from pathlib import Path

import pytest

from sales_assets.doctor.findings import Severity
from sales_assets.doctor.object_storage import credentials, objects
from sales_assets.errors import PermanentError
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.settings import Settings
from sales_assets_tests.s3 import REGION, answering, client


@pytest.fixture
def settings(tmp_path: Path, endpoint: str, bucket: str) -> Settings:
    return Settings(
        home=tmp_path,
        object_store="s3",
        s3_bucket=bucket,
        s3_prefix="staged",
        s3_endpoint_url=endpoint,
        s3_region=REGION,
    )


def test_a_folder_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    [found] = objects(settings)
    assert (found.severity, settings.object_folder.exists()) == (Severity.OK, False)
    settings.object_folder.mkdir()
    [found] = objects(settings)
    assert found.found == f"can put, list, get, delete in {settings.object_folder}"
    assert list(settings.object_folder.iterdir()) == []


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.object_folder.write_text("a file")
    [found] = objects(settings)
    assert found.severity is Severity.PROBLEM
    assert found.found.startswith("cannot put")


def test_each_right_in_a_bucket_is_tried_on_an_object_below_the_prefix_that_then_goes(
    settings: Settings, endpoint: str, bucket: str
) -> None:
    found = list(objects(settings))
    assert [(f.check, f.severity) for f in found] == [
        ("object store", Severity.OK),
        ("clock of S3", Severity.OK),
    ]
    assert found[0].found == f"can put, list, get, delete in s3://{bucket}/staged/"
    assert "Contents" not in client("s3", endpoint).list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("action", "right"),
    [
        ("s3:PutObject", "put"),
        ("s3:GetObject", "get"),
        ("s3:DeleteObject", "delete"),
    ],
)
def test_the_right_that_is_lacking_is_told_with_the_action_to_allow(
    settings: Settings, endpoint: str, bucket: str, action: str, right: str
) -> None:
    arn = f"arn:aws:s3:::{bucket}"
    denied = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": [arn, f"{arn}/*"]}
    policy = json.dumps({"Statement": [denied]})
    client("s3", endpoint).put_bucket_policy(Bucket=bucket, Policy=policy)
    found = list(objects(settings))
    [lacking] = [f for f in found if f.severity is Severity.PROBLEM]
    assert lacking.found.startswith(f"cannot {right}: ")
    assert f"allow {action}" in lacking.to_do
    assert "sales-assets setup aws" in lacking.to_do


def test_a_bucket_that_may_not_be_listed_is_told_and_the_probe_goes_all_the_same(
    settings: Settings, endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermanentError("Access Denied")  # moto's policies let everybody list

    monkeypatch.setattr(S3ObjectStore, "find", refused)
    found = list(objects(settings))
    assert [f.found for f in found if f.severity is Severity.PROBLEM] == [
        "cannot list: Access Denied"
    ]
    assert "allow s3:ListBucket" in found[0].to_do
    assert "Contents" not in client("s3", endpoint).list_objects_v2(Bucket=bucket)


def test_a_bucket_that_is_not_there_and_a_server_that_is_not_are_told(settings: Settings) -> None:
    for update in ({"s3_bucket": "nobodys"}, {"s3_endpoint_url": "http://127.0.0.1:9"}):
        [found] = [f for f in objects(settings.model_copy(update=update)) if "clock" not in f.check]
        assert found.severity is Severity.PROBLEM
        assert found.found.startswith("cannot put")
        assert "allow" not in found.to_do, "no right is lacking"


def test_credentials_are_told_by_where_they_are_from_and_not_by_what_they_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    [found] = credentials(settings)
    assert (found.severity, found.found) == (Severity.OK, "by env")

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    [found] = credentials(settings.model_copy(update={"s3_endpoint_url": None}))
    assert "arn:aws:sts::" in found.found
    assert "a-secret" not in found.found

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    [found] = credentials(settings)
    assert found.severity is Severity.PROBLEM
    assert "AWS_PROFILE" in found.to_do


def test_without_s3_nobody_asks_for_credentials(tmp_path: Path) -> None:
    assert list(credentials(Settings(home=tmp_path))) == []


def test_a_clock_for_which_s3_refuses_everything_is_told(settings: Settings) -> None:
    long_ago = "Thu, 01 Jan 2026 00:00:00 GMT"
    with answering(403, "RequestTimeTooSkewed", date=long_ago) as address:
        found = list(objects(settings.model_copy(update={"s3_endpoint_url": address})))
    assert [(f.check, f.severity) for f in found] == [
        ("object store", Severity.PROBLEM),
        ("clock of S3", Severity.PROBLEM),
    ]
    assert "NTP" in found[1].to_do


def test_whose_credentials_are_may_stay_unknown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(403, "AccessDenied") as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        [found] = credentials(settings.model_copy(update={"s3_endpoint_url": None}))
    assert found.severity is Severity.OK
    assert "cannot be asked" in found.found
