"""The policy of the pipeline: it allows every call that the pipeline sends, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto.iam.policy_validation import (
    IAMPolicyDocumentValidator,
    IAMTrustPolicyDocumentValidator,
)

from sales_assets.errors import DropError, PermanentError, UsageError
from sales_assets.resources.build import build_landing_zone
from sales_assets.resources.landing_zone import Drop
from sales_assets.settings import Settings
from sales_assets.setup.aws_policy import pipeline_policy, snowflake_policy, snowflake_trust
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.s3 import client, new_bucket, s3_backend
from sales_assets_tests.setup.doing import REFUSED, everything
from sales_assets_tests.setup.iam import Iam, Needed, enforced
from sales_assets_tests.setup.script import NEEDED

KEY = "arn:aws:kms:us-east-1:123456789012:key/0b5ae3d1-5a36-4b3c-a4c5-2e3c8f1d9a77"


@pytest.fixture
def settings(bucket: str, endpoint: str) -> Settings:
    """Two buckets, a queue and a key."""
    queue = client("sqs", endpoint).create_queue(QueueName=bucket)["QueueUrl"]
    return Settings(
        landing_zone=f"s3://{bucket}/in",
        landing_queue_url=queue,
        object_store="s3",
        s3_bucket=new_bucket(),
        s3_prefix="staged",
        s3_region="us-east-1",
        s3_kms_key=KEY,
        s3_endpoint_url=endpoint,
        **{**NEEDED, "snowflake_stage": "staged"},
    )


@pytest.fixture
def say(settings: Settings, endpoint: str) -> Callable[[], None]:
    """Put an event into the queue, which only S3 does."""
    sqs = client("sqs", endpoint)
    text = json.dumps({"Records": []})
    return lambda: sqs.send_message(QueueUrl=settings.landing_queue_url, MessageBody=text)


def run_as(
    policy: dict[str, Any], settings: Settings, folder: Path, say: Callable[[], None]
) -> Iam:
    """What IAM saw of everything that the pipeline does."""
    say()
    with pytest.MonkeyPatch.context() as patch:
        iam = enforced(patch, Iam(policy, KEY))
        everything(settings, folder, iam)
    return iam


def test_the_policy_allows_all_that_is_done_and_no_action_that_is_not(
    settings: Settings, tmp_path: Path, say: Callable[[], None]
) -> None:
    policy = pipeline_policy(settings)
    iam = run_as(policy, settings, tmp_path, say)
    assert iam.denied == []
    assert iam.used == {action for one in policy["Statement"] for action in one["Action"]}
    assert iam.operations == {
        *("ListObjectsV2", "HeadObject", "GetObject", "PutObject", "DeleteObjects"),
        *("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
        *("AbortMultipartUpload", "ReceiveMessage", "DeleteMessageBatch"),
        *("ChangeMessageVisibilityBatch", "GetQueueAttributes"),
    }


@pytest.mark.long
def test_without_any_one_action_of_any_statement_something_is_refused(
    settings: Settings, tmp_path: Path, say: Callable[[], None]
) -> None:
    policy = pipeline_policy(settings)
    pairs = [(n, action) for n, one in enumerate(policy["Statement"]) for action in one["Action"]]
    assert len(pairs) == 15
    for number, action in pairs:
        less = deepcopy(policy)
        less["Statement"][number]["Action"].remove(action)
        denied = run_as(less, settings, tmp_path, say).denied
        assert {needed.action for needed in denied} == {action}, policy["Statement"][number]["Sid"]


def test_a_drop_that_may_not_be_read_is_not_taken_for_one_that_is_gone(
    settings: Settings, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "a.csv.gz", "only.csv.gz"):
        s3_backend().put_object(bucket, f"in/tests/shop/{name}", b"a")
    zone = build_landing_zone(settings)
    policy = pipeline_policy(settings)
    policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] == "ListDrops"]
    enforced(monkeypatch, Iam(policy))
    there = Drop("tests/shop/a.csv", 1, 1, "e")

    with pytest.raises(PermanentError, match=REFUSED):
        zone.stat(there.file)
    with pytest.raises(PermanentError, match=REFUSED) as error, zone.local(there):
        pass
    assert not isinstance(error.value, DropError)
    assert zone.stat("tests/shop/only.csv") is None


@pytest.mark.parametrize(
    "needed",
    [
        Needed("s3:ListBucket", "arn:aws:s3:::B"),
        Needed("s3:ListBucket", "arn:aws:s3:::B", {"s3:prefix": ""}),
        Needed("s3:ListBucket", "arn:aws:s3:::B", {"s3:prefix": "in2/"}),
        Needed("s3:DeleteObject", "arn:aws:s3:::B/in/a.csv"),
        Needed("s3:GetObject", "arn:aws:s3:::B/other/a.csv"),
        Needed("s3:GetObject", "arn:aws:s3:::B/in2"),
        Needed("s3:PutObject", "arn:aws:s3:::B/staged/a"),
        Needed("kms:Decrypt", KEY),
        Needed("kms:Decrypt", KEY, {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}),
        Needed("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:B"),
    ],
)
def test_what_the_pipeline_does_not_need_is_not_allowed(
    settings: Settings, bucket: str, needed: Needed
) -> None:
    resource = needed.resource.replace("B", bucket)
    asked = Needed(needed.action, resource, needed.context)
    assert not Iam(pipeline_policy(settings)).allows(asked)


@given(
    prefix=st.text(st.sampled_from("ab/*?${} 'ü"), max_size=8), key=st.text("abx/*?$", max_size=6)
)
@example(prefix="*", key="x")
@example(prefix="${aws:username}", key="a")
def test_no_character_of_a_prefix_widens_it(prefix: str, key: str) -> None:
    settings = Settings(object_store="s3", s3_bucket="sales", s3_prefix=prefix)
    root = f"{prefix.strip('/')}/".lstrip("/")
    iam = Iam(pipeline_policy(settings))
    for text in (key, root + key):
        inside = text.startswith(root)
        asked = Needed("s3:GetObject", f"arn:aws:s3:::sales/{text}")
        assert iam.allows(asked) == inside
        listed = Needed("s3:ListBucket", "arn:aws:s3:::sales", {"s3:prefix": text})
        assert iam.allows(listed) == inside


def test_every_policy_is_one_to_iam(settings: Settings) -> None:
    for document in (pipeline_policy(settings), snowflake_policy(settings)):
        IAMPolicyDocumentValidator(json.dumps(document)).validate()
    trust = snowflake_trust(settings)
    trust["Statement"][0]["Principal"]["AWS"] = "arn:aws:iam::123456789012:user/snowflake"
    IAMTrustPolicyDocumentValidator(json.dumps(trust)).validate()


def test_snowflake_reads_staged_objects_and_nothing_else(settings: Settings, bucket: str) -> None:
    iam = Iam(snowflake_policy(settings))
    staged = f"arn:aws:s3:::{settings.s3_bucket}"
    below = {"s3:prefix": "staged/accepted/"}
    assert iam.allows(Needed("s3:GetObject", f"{staged}/staged/accepted/a.parquet"))
    assert iam.allows(Needed("s3:ListBucket", staged, below))
    assert iam.allows(Needed("kms:Decrypt", KEY, {"kms:ViaService": "s3.us-east-1.amazonaws.com"}))
    assert not iam.allows(Needed("s3:GetObject", f"arn:aws:s3:::{bucket}/in/a.csv"))
    assert not iam.allows(Needed("s3:ListBucket", staged, {"s3:prefix": ""}))
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not iam.allows(Needed(action, f"{staged}/staged/a"))


def statements(**given: Any) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in pipeline_policy(Settings(**given))["Statement"]}


def test_what_is_not_set_needs_no_rights() -> None:
    assert statements(landing_zone="s3://sales").keys() == {"ListDrops", "ReadDrops", "LandDrops"}
    staged = statements(object_store="s3", s3_bucket="sales")
    assert staged.keys() == {"ListStaged", "KeepStaged"}
    assert "Condition" not in staged["ListStaged"], "the whole bucket is the pipeline's"


def test_parts_that_the_settings_do_not_choose_are_refused_with_what_to_set() -> None:
    with pytest.raises(UsageError, match=r"LANDING_ZONE=s3://bucket/prefix, or .*S3_BUCKET"):
        pipeline_policy(Settings())
    for refusing in (snowflake_policy, snowflake_trust):
        with pytest.raises(UsageError, match="SALES_ASSETS_SNOWFLAKE_STAGE"):
            refusing(Settings(object_store="s3", s3_bucket="sales"))


@pytest.mark.parametrize(
    ("key", "resource", "alias"),
    [
        (KEY, KEY, None),
        ("0b5ae3d1", "arn:aws:kms:eu-west-1:AWS_ACCOUNT_ID:key/0b5ae3d1", None),
        ("alias/sales", "arn:aws:kms:eu-west-1:AWS_ACCOUNT_ID:key/*", "alias/sales"),
        (
            "arn:aws:kms:eu-west-1:123456789012:alias/a/b",
            "arn:aws:kms:eu-west-1:123456789012:key/*",
            "alias/a/b",
        ),
    ],
)
def test_a_key_is_named_by_its_arn_or_its_alias(key: str, resource: str, alias: str | None) -> None:
    found = statements(landing_zone="s3://sales", s3_kms_key=key, s3_region="eu-west-1")["UseKey"]
    assert found["Resource"] == resource
    told = found["Condition"].get("ForAnyValue:StringEquals", {})
    assert told.get("kms:ResourceAliases") == alias


@pytest.mark.long
def test_a_day_goes_from_the_drop_to_the_marts_with_the_policy_alone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_aws = settings.model_dump(
        include={"landing_zone", "object_store", "s3_bucket", "s3_prefix", "s3_region"}
        | {"s3_endpoint_url", "landing_queue_url", "s3_kms_key"}
    )
    (tmp_path / "2024-01-01.csv").write_text(drop("1,2024-01-01,tea,ann,1"))
    iam = enforced(monkeypatch, Iam(pipeline_policy(settings), KEY))
    with Installation(tmp_path / "home", [SHOP], **only_aws) as made:
        made.land("shop", tmp_path / "2024-01-01.csv")
        made.materialize("2024-01-01", "2024-01-01")
        (tmp_path / "2024-01-01.csv").write_text(drop("1,2024-01-01,tea,ann,2"))
        made.land("shop", tmp_path / "2024-01-01.csv")
        made.materialize("2024-01-01", "2024-01-01")
        assert [row[0] for row in made.query("SELECT net_amount FROM main.revenue")] == [2]
    assert iam.denied == []
    assert {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"} <= iam.used
