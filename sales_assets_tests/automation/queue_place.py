"""A landing zone on S3 with a queue of its events, and what a tick of the sensor asked of both.

Bucket, notifications and queue are moto's, spoken to over HTTP. Belongs here: what several test
files need. Does not: any expectation.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote_plus

import dagster as dg

from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.sqs_landing_events import SqsLandingEvents
from sales_assets_tests.automation.test_landing import tick
from sales_assets_tests.harness import Installation
from sales_assets_tests.s3 import client, s3_backend

SPAN = ("shop", "2024-01-01", "2024-01-01")
FILE = "tests/shop/2024-01-01.csv"


@dataclass
class Place:
    """A bucket, a queue, and an installation whose landing zone they are."""

    endpoint: str
    bucket: str
    queue: str
    made: Installation
    sent: Counter[str]

    def __post_init__(self) -> None:
        self.sqs = client("sqs", self.endpoint)
        self.reload()

    def reload(self) -> None:
        """The installation as after a restart of its code location."""
        self.made.reload()
        events = self.made.resources["landing_events"]
        if isinstance(events, SqsLandingEvents):
            self.events = events.model_copy(update={"wait_seconds": 0, "attempts": 1})
            self.made.resources["landing_events"] = self.events
        self.zone = self.made.resources["landing_zone"]
        assert isinstance(self.zone, S3LandingZone)

    def write(self, file: str, text: str) -> None:
        s3_backend().put_object(self.bucket, f"in/{file}", text.encode())

    def remove(self, file: str) -> None:
        s3_backend().delete_object(self.bucket, f"in/{file}")

    def tell(self, *files: str) -> None:
        """Send the events of some files, as S3 does."""
        for file in files:
            named = {"bucket": {"name": self.bucket}, "object": {"key": quote_plus(f"in/{file}")}}
            self.say(json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": named}]}))

    def say(self, text: str) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=text)

    def waiting(self) -> tuple[int, int]:
        """The messages in the queue, and those that somebody has and did not delete."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)
        return tuple(int(found["Attributes"][name]) for name in names)  # type: ignore[return-value]

    def tick(self, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
        self.sent.clear()
        return tick(self.made, cursor)


def cursor_of(result: dg.SensorResult | dg.SkipReason) -> str | None:
    assert isinstance(result, dg.SensorResult)
    return result.cursor


def known(place: Place) -> set[str]:
    catalogue, contract = place.made.resources["catalogue"], place.made.contracts["shop"]
    return set(catalogue.known(contract))


def lists(place: Place) -> int:
    return place.sent["ListObjectsV2"]


def heads(place: Place) -> int:
    return place.sent["HeadObject"]
