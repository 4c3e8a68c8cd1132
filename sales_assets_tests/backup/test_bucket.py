"""Backups in a bucket, and installations whose drops are in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sales_assets.backup.bucket_store import open_backups
from sales_assets.backup.making import Wanted, forget_older
from sales_assets.backup.store import SUFFIX
from sales_assets.backup.verifying import problems, read_manifest
from sales_assets.errors import PermanentError, UsageError
from sales_assets.settings import Settings
from sales_assets.setup.aws_policy import pipeline_policy
from sales_assets_tests.backup.scene import bring_back, destroy, files_of, land, take
from sales_assets_tests.s3 import client, counted, new_bucket, s3_backend
from sales_assets_tests.setup.iam import Iam, enforced


@pytest.fixture
def kept(made: Settings, endpoint: str) -> Settings:
    """An installation that may reach S3."""
    return made.model_copy(update={"s3_endpoint_url": endpoint, "s3_region": "us-east-1"})


def keys(bucket: str) -> list[str]:
    return sorted(s3_backend().buckets[bucket].keys)


def test_an_installation_goes_to_a_bucket_and_comes_back(kept: Settings, bucket: str) -> None:
    place = f"s3://{bucket}/nightly"
    inputs = {
        name: content
        for name, content in files_of(kept.home).items()
        if name.startswith(("landing/", "contracts/")) or name == "warehouse.duckdb"
    }
    taken = take(kept, place)
    backups = open_backups(kept, place)
    assert backups.names() == [taken.name]
    assert not list(problems(backups, taken.name))
    assert all(key.startswith("nightly/") for key in keys(bucket))
    assert not (kept.home / ".backup").exists()
    destroy(kept)

    bring_back(kept, place)

    after = files_of(kept.home)
    assert {name: after[name] for name in inputs} == inputs


def test_what_is_there_is_not_uploaded_again_and_older_ones_go(
    kept: Settings, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"s3://{bucket}/nightly/"
    first = take(kept, place).name
    land(kept, "2024-01-02.csv", "1,2024-01-02,tea,ann,1")
    sent = counted(monkeypatch)
    second = take(kept, place)
    assert second.new_files == 1
    assert sent["PutObject"] == 2, "the file and the manifest"
    backups = open_backups(kept, place)

    assert forget_older(backups, 1) == [first]

    assert backups.names() == [second.name]
    assert {*backups.sizes()} == read_manifest(backups, second.name).digests
    assert not list(problems(backups, second.name))


def test_without_its_manifest_a_backup_is_none(kept: Settings, bucket: str) -> None:
    place = f"s3://{bucket}"
    taken = take(kept, place)
    client("s3", str(kept.s3_endpoint_url)).delete_object(
        Bucket=bucket, Key=f"{taken.name}{SUFFIX}"
    )
    destroy(kept)
    with pytest.raises(UsageError, match="there is no complete backup"):
        bring_back(kept, place)


@pytest.mark.parametrize("damage", ["deleted", "other bytes"])
def test_a_damaged_object_is_refused_by_the_name_of_its_file(
    kept: Settings, bucket: str, damage: str
) -> None:
    place = f"s3://{bucket}/nightly"
    taken = take(kept, place)
    [digest] = [f.sha256 for f in taken.manifest.files if f.name == "warehouse.duckdb"]
    key = f"nightly/files/{digest[:2]}/{digest}"
    s3 = client("s3", str(kept.s3_endpoint_url))
    if damage == "deleted":
        s3.delete_object(Bucket=bucket, Key=key)
    else:
        s3.put_object(Bucket=bucket, Key=key, Body=b"other bytes")
    destroy(kept)
    with pytest.raises(PermanentError, match=r"^warehouse\.duckdb: "):
        bring_back(kept, place)
    assert not kept.home.exists()


def test_the_policy_that_setup_prints_is_enough(kept: Settings, bucket: str) -> None:
    settings = kept.model_copy(update={"backup_to": f"s3://{bucket}/nightly"})
    policy = pipeline_policy(settings)
    assert [one["Sid"] for one in policy["Statement"]] == ["ListBackups", "KeepBackups"]
    with pytest.MonkeyPatch.context() as patch:
        iam = enforced(patch, Iam(policy))
        for number in range(2):
            land(settings, "2024-01-01.csv", f"{number},2024-01-01,tea,ann,1")
            take(settings, f"s3://{bucket}/nightly")
        forget_older(open_backups(settings, None), 1)
        destroy(settings)
        bring_back(settings, f"s3://{bucket}/nightly")
    assert iam.denied == []
    allowed = {action for one in policy["Statement"] for action in one["Action"]}
    assert allowed - iam.used == {"s3:AbortMultipartUpload"}, "nothing broke off"


def test_drops_in_a_bucket_are_kept_by_the_bucket(
    kept: Settings, bucket: str, tmp_path: Path
) -> None:
    elsewhere = kept.model_copy(update={"landing_zone": f"s3://{bucket}/drops"})
    with pytest.raises(UsageError, match="bucket's versioning"):
        take(elsewhere, str(tmp_path / "backups"), Wanted(drops=True))
    manifest = take(elsewhere, str(tmp_path / "backups")).manifest
    assert f"drops: s3://{bucket}/drops, by the bucket's versioning" in manifest.not_in_it
    assert not [file for file in manifest.files if file.name.startswith("landing/")]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (lambda: "s3://X", "is no s3://bucket/prefix"),
        (lambda: f"s3://{new_bucket()}x", "SALES_ASSETS_BACKUP_TO"),
    ],
)
def test_a_place_that_is_none_is_refused(
    kept: Settings, place: Callable[[], str], told: str
) -> None:
    with pytest.raises(PermanentError, match=told):
        take(kept, place())
