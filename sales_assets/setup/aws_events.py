"""What a bucket and a queue are told: cleaning up after uploads, and who hears of drops.

Belongs here: these documents, from settings. Does not: who may do what (`aws_policy`).
"""

from __future__ import annotations

import re

from sales_assets.errors import UsageError
from sales_assets.settings import PREFIX, Settings
from sales_assets.setup.aws_place import buckets, place_of, queue_arn
from sales_assets.setup.aws_policy import VERSION, Document

ABORT_AFTER_DAYS = 7
"""When parts of an upload that nobody finished are removed, in days; no upload takes that long."""
EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*")
"""All that makes a drop come, change or go."""


_PLAIN = r"[A-Za-z0-9!_.*'()/-]*"
"""Characters that S3 calls safe ("Object key naming guidelines"): filters take them as they are."""


def lifecycle(settings: Settings) -> Document:
    """The lifecycle rules of the buckets: those of one do no harm in another.

    Raises UsageError if the settings choose no S3.
    """
    prefixes = dict.fromkeys(prefix for _, prefix in buckets(settings))
    return {
        "Rules": [
            {
                "ID": f"sales-assets-abort-uploads-{number}",
                "Status": "Enabled",
                "Filter": {"Prefix": prefix},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_AFTER_DAYS},
            }
            for number, prefix in enumerate(prefixes, 1)
        ]
    }


def queue_policy(settings: Settings, account: str | None = None) -> Document:
    """Who may send to the queue of landing events: S3, for this bucket of this account alone.

    Raises UsageError without a queue.
    """
    bucket, _ = _landing(settings)
    place = place_of(settings, account)
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "EventsOfDrops",
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn(settings),
                "Condition": {
                    "ArnEquals": {"aws:SourceArn": place.bucket_arn(bucket)},
                    "StringEquals": {"aws:SourceAccount": place.account},
                },
            }
        ],
    }


def notification(settings: Settings) -> Document:
    """What the bucket tells the queue: what becomes of drops.

    Raises UsageError without a queue, and for a prefix that a filter would have to encode.
    """
    _, prefix = _landing(settings)
    if not re.fullmatch(_PLAIN, prefix):
        raise UsageError(
            f"{PREFIX}LANDING_ZONE: S3's filters want the prefix {prefix!r} encoded, and match "
            "nothing where it is not; choose one of letters, digits and ! - _ . * ' ( ) /"
        )
    rules = [{"Name": "prefix", "Value": prefix}] if prefix else []
    return {
        "QueueConfigurations": [
            {
                "Id": "sales-assets-drops",
                "QueueArn": queue_arn(settings),
                "Events": list(EVENTS),
                **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}),
            }
        ]
    }


def _landing(settings: Settings) -> tuple[str, str]:
    """Bucket and prefix of the drops whose events a queue receives."""
    if settings.landing_queue_url is None:
        raise UsageError(
            f"No queue tells of drops: set {PREFIX}LANDING_QUEUE_URL, with an s3:// "
            f"{PREFIX}LANDING_ZONE, or leave this part out"
        )
    if settings.landing_queue_url.rstrip("/").endswith(".fifo"):
        raise UsageError(
            f"{PREFIX}LANDING_QUEUE_URL: S3 sends to no FIFO queue; name a standard one"
        )
    return buckets(settings)[0]
