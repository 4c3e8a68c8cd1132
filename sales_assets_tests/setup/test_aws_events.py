"""What a bucket and a queue are told, told to those of a stand-in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sales_assets.errors import UsageError
from sales_assets.resources.build import build_landing_events, build_landing_zone
from sales_assets.settings import Settings
from sales_assets.setup.aws_events import lifecycle, notification, queue_policy
from sales_assets_tests.s3 import client

ACCOUNT = "123456789012"  # that of the stand-in


@pytest.fixture
def settings(bucket: str, endpoint: str) -> Settings:
    queue = client("sqs", endpoint).create_queue(QueueName=bucket)["QueueUrl"]
    return Settings(
        landing_zone=f"s3://{bucket}/in",
        landing_queue_url=queue,
        object_store="s3",
        s3_bucket=bucket,
        s3_prefix="staged",
        s3_region="us-east-1",
        s3_endpoint_url=endpoint,
    )


def test_with_notification_and_policy_the_queue_tells_of_drops_and_of_nothing_else(
    settings: Settings, bucket: str, endpoint: str, tmp_path: Path
) -> None:
    s3, sqs = client("s3", endpoint), client("sqs", endpoint)
    sqs.set_queue_attributes(
        QueueUrl=settings.landing_queue_url,
        Attributes={"Policy": json.dumps(queue_policy(settings))},
    )
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=notification(settings)
    )
    (tmp_path / "a.csv").write_text("a\n")
    build_landing_zone(settings).put(tmp_path / "a.csv", "shop/*.csv")
    s3.put_object(Bucket=bucket, Key="staged/b.csv", Body=b"")
    s3.put_object(Bucket=bucket, Key="in/shop/c.csv", Body=b"")
    s3.delete_object(Bucket=bucket, Key="in/shop/c.csv")

    with build_landing_events(settings).received() as events:
        assert events is not None
        assert events.files == {"shop/a.csv", "shop/c.csv"}
        assert events.problems == ()


def test_only_s3_may_send_and_only_for_this_bucket_of_this_account(
    settings: Settings, bucket: str
) -> None:
    (statement,) = queue_policy(settings)["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == f"arn:aws:sqs:us-east-1:{ACCOUNT}:{bucket}"
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_the_bucket_takes_the_rules_which_end_uploads_below_both_prefixes(
    settings: Settings, bucket: str, endpoint: str
) -> None:
    s3 = client("s3", endpoint)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle(settings))
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [(rule["Filter"]["Prefix"], rule["Status"]) for rule in rules] == [
        ("in/", "Enabled"),
        ("staged/", "Enabled"),
    ]
    assert all("Expiration" not in rule for rule in rules), "no drop or object ever goes by it"
    assert all(rule["AbortIncompleteMultipartUpload"] for rule in rules)


def test_a_whole_bucket_has_one_rule_and_a_notification_without_a_filter(bucket: str) -> None:
    url = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/drops"
    whole = Settings(
        landing_zone="s3://sales", landing_queue_url=url, object_store="s3", s3_bucket="sales"
    )
    assert [rule["Filter"] for rule in lifecycle(whole)["Rules"]] == [{"Prefix": ""}]
    (told,) = notification(whole)["QueueConfigurations"]
    assert "Filter" not in told


def test_without_a_queue_or_a_bucket_there_is_nothing_to_tell() -> None:
    for refusing in (queue_policy, notification):
        with pytest.raises(UsageError, match="SALES_ASSETS_LANDING_QUEUE_URL"):
            refusing(Settings(landing_zone="s3://sales"))
    with pytest.raises(UsageError, match="choose no S3"):
        lifecycle(Settings())


@pytest.mark.parametrize(
    "zone", ["s3://sales/sales data", "s3://sales/caf\N{LATIN SMALL LETTER E WITH ACUTE}"]
)
def test_a_prefix_that_a_filter_would_not_match_as_it_is_is_refused(zone: str) -> None:
    queue = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/drops"
    with pytest.raises(UsageError, match="choose one of letters, digits"):
        notification(Settings(landing_zone=zone, landing_queue_url=queue))


def test_a_queue_to_which_s3_does_not_send_is_refused() -> None:
    queue = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/drops.fifo"
    settings = Settings(landing_zone="s3://sales/landing", landing_queue_url=queue)
    for document in (notification, queue_policy):
        with pytest.raises(UsageError, match="no FIFO queue"):
            document(settings)
