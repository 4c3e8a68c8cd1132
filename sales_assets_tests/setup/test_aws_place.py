"""ARNs from settings: region, account and partition."""

from __future__ import annotations

from typing import Any

import pytest

from sales_assets.errors import UsageError
from sales_assets.settings import Settings
from sales_assets.setup.aws_place import place_of, queue_arn, service_host


def at(queue: str = "", **given: Any) -> Settings:
    return Settings(landing_zone="s3://sales", landing_queue_url=queue or None, **given)


@pytest.mark.parametrize(
    ("url", "arn"),
    [
        (
            "https://sqs.eu-west-1.amazonaws.com/123456789012/drops",
            "arn:aws:sqs:eu-west-1:123456789012:drops",
        ),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/drops.fifo",
            "arn:aws-cn:sqs:cn-north-1:123456789012:drops.fifo",
        ),
        (
            "https://sqs.us-gov-west-1.amazonaws.com/123456789012/drops/",
            "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:drops",
        ),
        (
            "https://vpce-0a1b.sqs.us-west-2.vpce.amazonaws.com/123456789012/drops",
            "arn:aws:sqs:us-west-2:123456789012:drops",
        ),
        (
            "https://sqs-fips.us-west-2.amazonaws.com/123456789012/drops",
            "arn:aws:sqs:us-west-2:123456789012:drops",
        ),
        (
            "https://us-west-2.queue.amazonaws.com/123456789012/drops",
            "arn:aws:sqs:us-west-2:123456789012:drops",
        ),
        (
            "http://127.0.0.1:8086/123456789012/drops",
            "arn:aws:sqs:AWS_REGION:123456789012:drops",
        ),
    ],
)
def test_a_queue_s_address_becomes_its_arn(url: str, arn: str) -> None:
    assert queue_arn(at(url)) == arn


def test_a_host_that_tells_no_region_is_in_that_of_the_settings() -> None:
    url = "http://127.0.0.1:8086/123456789012/drops"
    assert queue_arn(at(url, s3_region="cn-north-1")).startswith("arn:aws-cn:sqs:cn-north-1:")


@pytest.mark.parametrize(
    "url", ["https://sqs.eu-west-1.amazonaws.com", "https://example.org/12/drops", "https://a/b c"]
)
def test_an_address_that_is_no_queue_s_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"LANDING_QUEUE_URL=.* is no address of a queue"):
        queue_arn(at(url))


@pytest.mark.parametrize(
    ("given", "account", "expected"),
    [
        ({}, None, "arn:aws:iam::AWS_ACCOUNT_ID:role/r"),
        ({}, "210987654321", "arn:aws:iam::210987654321:role/r"),
        (
            {"queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/drops"},
            None,
            "arn:aws:iam::123456789012:role/r",
        ),
        (
            {"s3_kms_key": "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1"},
            None,
            "arn:aws-us-gov:iam::AWS_ACCOUNT_ID:role/r",  # keys may be in an account of their own
        ),
        (
            {
                "s3_kms_key": "arn:aws:kms:eu-west-1:999999999999:key/1",
                "queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/drops",
            },
            None,
            "arn:aws:iam::123456789012:role/r",
        ),
        ({"s3_region": "cn-northwest-1"}, None, "arn:aws-cn:iam::AWS_ACCOUNT_ID:role/r"),
        ({"s3_region": "of-a-store-of-ones-own"}, None, "arn:aws:iam::AWS_ACCOUNT_ID:role/r"),
    ],
)
def test_account_and_partition_are_those_that_settings_tell(
    given: dict[str, Any], account: str | None, expected: str
) -> None:
    assert place_of(at(**given), account).role_arn("r") == expected


@pytest.mark.parametrize("account", ["", "12345", "12345678901x", "123456789012 "])
def test_an_account_without_twelve_digits_is_refused(account: str) -> None:
    with pytest.raises(UsageError, match="twelve digits"):
        place_of(at(), account)


def test_services_in_china_have_hosts_of_their_own() -> None:
    china = place_of(at(s3_region="cn-north-1"))
    assert service_host(china, "s3") == "s3.cn-north-1.amazonaws.com.cn"
    assert service_host(place_of(at(s3_region="eu-west-1")), "s3") == "s3.eu-west-1.amazonaws.com"
