"""Who may do what in AWS: policies for IAM, from settings.

Belongs here: the policies of the pipeline and of Snowflake. Does not: what a bucket and a queue
are told (`aws_events`), ARNs (`aws_place`), or the calls themselves (`resources.s3_bucket`,
`resources.sqs_landing_events`), which the tests compare with these rights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sales_assets.errors import UsageError
from sales_assets.places import bucket_and_prefix
from sales_assets.resources.in_bucket import root_of
from sales_assets.setting_kinds import ObjectStoreKind
from sales_assets.settings import PREFIX, Settings
from sales_assets.setup.aws_place import Place, buckets, place_of, queue_arn, service_host

Document = dict[str, Any]
VERSION = "2012-10-17"
"""The version of IAM's language, which has had no other since."""
PUT = ("s3:PutObject", "s3:AbortMultipartUpload")
"""Uploading, large objects in parts: one that fails is taken back."""


def pipeline_policy(settings: Settings, account: str | None = None) -> Document:
    """What the installation itself uses, as an identity-based policy.

    Each statement is one thing that it does; `LandDrops` is for machines that run
    `sales-assets land`. Raises UsageError if the settings choose no S3.
    """
    backups = bucket_and_prefix(settings.backup_to or "")
    chosen = settings.landing_bucket or settings.object_store is ObjectStoreKind.S3
    found = buckets(settings) if chosen or backups is None else []
    place = place_of(settings, account)
    statements = []
    if settings.landing_bucket is not None:
        statements += [
            _listing(place, "ListDrops", *found[0]),
            _objects(place, "ReadDrops", *found[0], "s3:GetObject"),
            _objects(place, "LandDrops", *found[0], *PUT),
        ]
    if settings.object_store is ObjectStoreKind.S3:
        statements += [
            _listing(place, "ListStaged", *found[-1]),
            _objects(place, "KeepStaged", *found[-1], "s3:GetObject", *PUT, "s3:DeleteObject"),
        ]
    if backups is not None:
        kept = backups[0], root_of(backups[1])
        statements += [
            _listing(place, "ListBackups", *kept),
            _objects(place, "KeepBackups", *kept, "s3:GetObject", *PUT, "s3:DeleteObject"),
        ]
    if settings.s3_kms_key:
        statements.append(
            _key(place, "UseKey", settings.s3_kms_key, "kms:Decrypt", "kms:GenerateDataKey")
        )
    if settings.landing_queue_url:
        statements.append(
            {
                "Sid": "ReceiveEvents",
                "Effect": "Allow",
                "Action": [
                    "sqs:GetQueueAttributes",
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:ChangeMessageVisibility",
                ],
                "Resource": queue_arn(settings),
            }
        )
    return _policy(statements)


def snowflake_policy(settings: Settings, account: str | None = None) -> Document:
    """What Snowflake may do with the bucket of the external stage: read the staged objects.

    The rights are those of Snowflake's documentation, "AWS access control requirements". Raises
    UsageError without an external stage.
    """
    _need_stage(settings)
    place = place_of(settings, account)
    bucket, prefix = buckets(settings)[-1]
    statements = [
        {
            "Sid": "FindBucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation"],
            "Resource": place.bucket_arn(bucket),
        },
        _listing(place, "ListStaged", bucket, prefix),
        _objects(place, "ReadStaged", bucket, prefix, "s3:GetObject", "s3:GetObjectVersion"),
    ]
    if settings.s3_kms_key:
        statements.append(_key(place, "UseKey", settings.s3_kms_key, "kms:Decrypt"))
    return _policy(statements)


def snowflake_trust(settings: Settings) -> Document:
    """Who may take the role of `snowflake_policy`: Snowflake, in the name of this account only.

    The two words in capitals are what DESC INTEGRATION calls the values to put there. Raises
    UsageError without an external stage.
    """
    _need_stage(settings)
    return _policy(
        [
            {
                "Sid": "Snowflake",
                "Effect": "Allow",
                "Principal": {"AWS": "STORAGE_AWS_IAM_USER_ARN"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "STORAGE_AWS_EXTERNAL_ID"}},
            }
        ]
    )


def _need_stage(settings: Settings) -> None:
    if settings.snowflake_stage is None:
        raise UsageError(
            f"Snowflake reads the bucket only with {PREFIX}SNOWFLAKE_STAGE; set it, or leave this "
            "part out"
        )


def _policy(statements: Sequence[Document]) -> Document:
    return {"Version": VERSION, "Statement": list(statements)}


def _listing(place: Place, sid: str, bucket: str, root: str) -> Document:
    """Listing below a prefix; the right is the bucket's, so a condition names the prefix."""
    allowed: Document = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": place.bucket_arn(bucket),
    }
    if root:
        allowed["Condition"] = {"StringLike": {"s3:prefix": f"{_plain(root)}*"}}
    return allowed


def _objects(place: Place, sid: str, bucket: str, root: str, *actions: str) -> Document:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": f"{place.bucket_arn(bucket)}/{_plain(root)}*",
    }


def _plain(text: str) -> str:
    """A text in which IAM finds no wildcard and no variable ("IAM policy elements: Variables")."""
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", text)


def _key(place: Place, sid: str, key: str, *actions: str) -> Document:
    """Using a key through S3 alone.

    An id becomes an ARN. An alias becomes a condition, as a policy can name no key by its alias
    ("Using aliases to control access to KMS keys").
    """
    prefix = f"arn:{place.partition}:kms:{place.region}:{place.account}:"
    whole = key if key.startswith("arn:") else f"{prefix}{'' if '/' in key else 'key/'}{key}"
    condition: Document = {"StringEquals": {"kms:ViaService": service_host(place, "s3")}}
    owner, _, alias = whole.partition(":alias/")
    if alias:
        whole = f"{owner}:key/*"
        condition["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": f"alias/{alias}"}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": whole,
        "Condition": condition,
    }
