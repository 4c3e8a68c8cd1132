"""What lies in a bucket: the configuration that object store and landing zone share.

Belongs here: where the bucket is and how it is reached. Does not: its calls (`s3_bucket`), or what
is kept there (`s3_object_store`, `s3_landing_zone`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import dagster as dg

from sales_assets.resources.s3_bucket import Bucket


class InBucket(dg.ConfigurableResource[Any]):
    """Keys below a prefix of a bucket; credentials come from AWS's standard chain.

    With `kms_key`, the id, ARN or alias of a key in AWS KMS, every object is encrypted by it. A
    server that does not answer is tried `attempts` times, for up to `timeout` seconds each.
    """

    setting: ClassVar[str]
    """The setting to correct if the bucket is not there."""
    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    kms_key: str | None = None
    timeout: float = 30.0
    attempts: int = 5

    @cached_property
    def _bucket(self) -> Bucket:
        return Bucket(
            self.bucket,
            self.setting,
            region=self.region,
            endpoint_url=self.endpoint_url,
            kms_key=self.kms_key,
            timeout=self.timeout,
            attempts=self.attempts,
        )

    @property
    def _root(self) -> str:
        return root_of(self.prefix)


def root_of(prefix: str) -> str:
    """What keys below a prefix begin with: it with a slash at its end, or nothing."""
    return f"{prefix.strip('/')}/".lstrip("/")
