"""Clients for AWS: dagster-aws' S3 resource, with time-outs, and SQS in the same way.

Belongs here: how a client is made, and how much it does at once. Does not: what it is used for
(`s3_bucket`, `s3_events`).

A module of its own because dagster-aws and boto3 take a while to import, and only what lies in S3
needs them. Credentials come from AWS's standard chain and from nowhere else.
"""

from __future__ import annotations

from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.config import Config
from dagster_aws.s3 import S3Resource
from pydantic import Field

MEGABYTE = 1024 * 1024
AT_ONCE = 16
"""Requests that one client has under way at a time."""


class S3WithTimeouts(S3Resource):
    """`S3Resource` has no setting for time-outs, and waits five minutes for a silent server."""

    timeout: float = Field(default=30.0, description="Seconds to connect, and to wait for bytes.")

    def get_client(self) -> Any:
        """A boto3 client for S3, made of the resource's own settings."""
        return boto3.session.Session(profile_name=self.profile_name).client(
            "s3",
            region_name=self.region_name,
            endpoint_url=self.endpoint_url,
            use_ssl=self.use_ssl,
            verify=self.verify,
            aws_access_key_id=self.aws_access_key_id,
            aws_secret_access_key=self.aws_secret_access_key,
            aws_session_token=self.aws_session_token,
            config=_config(self.timeout, self.max_attempts),
        )


def sqs_client(region: str | None, endpoint: str | None, timeout: float, attempts: int) -> Any:
    """A boto3 client for SQS; `timeout` in seconds."""
    return boto3.session.Session().client(
        "sqs", region_name=region, endpoint_url=endpoint, config=_config(timeout, attempts)
    )


def transfer_manager(client: Any) -> Any:
    """What uploads files with a client: several at once, large ones in parts, also at once.

    An upload in parts that fails or is interrupted is taken back.
    """
    config = TransferConfig(
        multipart_threshold=8 * MEGABYTE,
        multipart_chunksize=8 * MEGABYTE,
        max_concurrency=AT_ONCE,
        preferred_transfer_client="classic",  # the other one keeps to no time-out
    )
    return create_transfer_manager(client, config)


def _config(timeout: float, attempts: int) -> Config:
    return Config(
        connect_timeout=timeout,
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=AT_ONCE,
    )
