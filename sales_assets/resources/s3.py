"""dagster-aws' S3 resource, with time-outs.

Belongs here: how a client for S3 is made. Does not: what it is used for (`object_store`).

A module of its own because dagster-aws and boto3 take a while to import, and only a store in S3
needs them.
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from dagster_aws.s3 import S3Resource
from pydantic import Field


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
            config=Config(
                connect_timeout=self.timeout,
                read_timeout=self.timeout,
                retries={"mode": "standard", "total_max_attempts": self.max_attempts},
            ),
        )
