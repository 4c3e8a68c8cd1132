"""Where in AWS an installation is: partition, region, account, and the ARNs that follow.

Belongs here: deriving them from settings. Does not: who may do what there (`aws_policy`).
What no setting tells stays a word in capitals, for a person to replace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import ClassVar
from urllib.parse import urlsplit

from sales_assets.errors import UsageError
from sales_assets.resources.in_bucket import root_of
from sales_assets.setting_kinds import ObjectStoreKind
from sales_assets.settings import PREFIX, Settings

SNOWFLAKE_ROLE = "sales-assets-snowflake"
"""The role that Snowflake takes in AWS to read the staged objects."""
_REGION = r"([a-z]{2}(?:-[a-z0-9]+)+-\d)"
_QUEUE_HOST = re.compile(rf"(?:^|\.)(?:sqs(?:-fips)?\.{_REGION}|{_REGION}\.queue)\.")
"""Amazon SQS' hosts, also of interface endpoints, and the older ones ("SQS endpoints and
quotas")."""
_QUEUE_PATH = re.compile(r"/(\d{12})/([A-Za-z0-9_-]{1,80}(?:\.fifo)?)/?")
_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:([a-z0-9-]+):\d{12}:(?:key|alias)/\S+")


@dataclass(frozen=True)
class Place:
    """A region and an account in a partition of AWS."""

    partition: str
    region: str
    account: str

    UNKNOWN_REGION: ClassVar[str] = "AWS_REGION"
    UNKNOWN_ACCOUNT: ClassVar[str] = "AWS_ACCOUNT_ID"

    def bucket_arn(self, bucket: str) -> str:
        """A bucket's ARN."""
        return f"arn:{self.partition}:s3:::{bucket}"

    def role_arn(self, name: str) -> str:
        """A role's ARN."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"


def place_of(settings: Settings, account: str | None = None) -> Place:
    """Where the buckets are; an account that is given comes before what settings tell.

    Raises UsageError for an account that is none, and a queue's address that is none of SQS.
    """
    if account is not None and not re.fullmatch(r"\d{12}", account):
        raise UsageError(f"{account!r} is no AWS account: it has twelve digits")
    key = _KEY_ARN.fullmatch(settings.s3_kms_key or "")
    queue_region, queue_account, _ = _queue(settings) if settings.landing_queue_url else ("",) * 3
    region = settings.s3_region or (key and key[1]) or queue_region or Place.UNKNOWN_REGION
    return Place(
        _partition(region),
        region,
        # A key tells nothing of it: it may be in an account that has all keys.
        account or queue_account or Place.UNKNOWN_ACCOUNT,
    )


def queue_arn(settings: Settings) -> str:
    """The ARN of the queue of landing events.

    Raises UsageError for an address that is none of SQS.
    """
    region, account, name = _queue(settings)
    region = region or place_of(settings).region
    return f"arn:{_partition(region)}:sqs:{region}:{account}:{name}"


def buckets(settings: Settings) -> list[tuple[str, str]]:
    """Buckets that the settings name, and what keys begin with there; the landing zone first.

    Raises UsageError if there are none.
    """
    found = [settings.landing_bucket] if settings.landing_bucket else []
    if settings.object_store is ObjectStoreKind.S3:
        assert settings.s3_bucket is not None  # Settings refuses s3 without a bucket
        found.append((settings.s3_bucket, settings.s3_prefix))
    if not found:
        raise UsageError(
            f"These settings choose no S3: set {PREFIX}LANDING_ZONE=s3://bucket/prefix, or "
            f"{PREFIX}OBJECT_STORE=s3 and {PREFIX}S3_BUCKET"
        )
    return [(bucket, root_of(prefix)) for bucket, prefix in found]


def service_host(place: Place, service: str) -> str:
    """A service as KMS names who asks in somebody's name (`kms:ViaService`)."""
    country = ".cn" if place.partition == "aws-cn" else ""
    return f"{service}.{place.region}.amazonaws.com{country}"


def _queue(settings: Settings) -> tuple[str, str, str]:
    """Region, if its host tells it, account and name of the queue."""
    url = urlsplit(settings.landing_queue_url or "")
    path = _QUEUE_PATH.fullmatch(url.path)
    if path is None:
        raise UsageError(
            f"{PREFIX}LANDING_QUEUE_URL={settings.landing_queue_url} is no address of a queue: it "
            "ends in /ACCOUNT/NAME, like https://sqs.eu-west-1.amazonaws.com/123456789012/drops"
        )
    host = _QUEUE_HOST.search(url.hostname or "")
    return (host and (host[1] or host[2])) or "", path[1], path[2]


@cache
def _partition(region: str) -> str:
    """The partition of a region, by botocore's own list; regions that it does not know are AWS."""
    import botocore.session
    from botocore.exceptions import UnknownRegionError

    try:
        return str(botocore.session.get_session().get_partition_for_region(region))
    except UnknownRegionError:
        return "aws"
