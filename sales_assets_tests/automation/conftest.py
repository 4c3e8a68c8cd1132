"""An installation whose landing zone is on S3, with a queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets_tests.automation.queue_place import Place
from sales_assets_tests.harness import SHOP, TILL, Installation
from sales_assets_tests.s3 import client, counted


@pytest.fixture
def place(
    bucket: str, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    sqs = client("sqs", endpoint)
    queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    with Installation(
        tmp_path / "home",
        [SHOP, TILL],
        landing_zone=f"s3://{bucket}/in",
        s3_endpoint_url=endpoint,
        s3_region="us-east-1",
        landing_queue_url=queue,
    ) as made:
        yield Place(endpoint, bucket, queue, made, counted(monkeypatch))
