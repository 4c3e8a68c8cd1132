"""The sensor on a landing zone on S3: what a queue saves, and that nothing is lost by it.

Bucket, notifications and queue are moto's, spoken to over HTTP.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import dagster as dg
import pytest

from sales_assets.errors import PermanentError, TransientError
from sales_assets.resources.landing_events import Events
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.sqs_landing_events import SqsLandingEvents
from sales_assets.resources.staging_area import StagingArea
from sales_assets_tests.automation.test_landing import spans, tick
from sales_assets_tests.harness import SHOP, TILL, Installation, drop
from sales_assets_tests.s3 import client, counted, s3_backend

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


def test_a_tick_with_a_queue_looks_at_what_it_names_and_lists_nothing(place: Place) -> None:
    for number in range(3_000):
        place.write(f"tests/shop/notes/{number}.csv", "")
        place.write(f"tests/shop/{number}.txt", "")
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    first = place.tick()
    assert spans(first) == [SPAN]
    listed = math.ceil((3_000 + 2) / 1000)  # with one folder
    assert place.sent == {"ListObjectsV2": listed + 1, "GetObject": 1}  # one for the other source

    days = [f"2024-01-{day:02}" for day in range(2, 12)]
    for day in days:
        place.write(f"tests/shop/{day}.csv", drop(f"1,{day},tea,ann,1"))
        place.tell(f"tests/shop/{day}.csv")
    second = place.tick(cursor_of(first))
    assert spans(second) == [("shop", "2024-01-02", "2024-01-11")]
    assert place.sent == {"HeadObject": 10, "GetObject": 10}
    assert place.waiting() == (0, 0)
    assert known(place) == {FILE, *(f"tests/shop/{day}.csv" for day in days)}

    assert isinstance(place.tick(cursor_of(second)), dg.SkipReason)
    assert place.sent == Counter()


def test_a_tick_without_a_queue_lists_the_drops_of_each_source(
    bucket: str, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Installation(
        tmp_path / "home",
        [SHOP],
        landing_zone=f"s3://{bucket}/in",
        s3_endpoint_url=endpoint,
        s3_region="us-east-1",
    ) as made:
        place = Place(endpoint, bucket, "", made, counted(monkeypatch))
        for number in range(3_000):
            place.write(f"tests/shop/{number}.txt", "")
        place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
        result = place.tick()
        assert spans(result) == [SPAN]
        assert lists(place) == math.ceil(3_001 / 1000)
        assert isinstance(place.tick(cursor_of(result)), dg.SkipReason)
        assert lists(place) == math.ceil(3_001 / 1000)


def test_what_s3_itself_tells_the_queue_is_understood(place: Place) -> None:
    s3 = client("s3", place.endpoint)
    arn = place.sqs.get_queue_attributes(QueueUrl=place.queue, AttributeNames=["QueueArn"])
    s3.put_bucket_notification_configuration(
        Bucket=place.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": arn["Attributes"]["QueueArn"],
                    "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                }
            ]
        },
    )
    first = place.tick()
    s3.put_object(
        Bucket=place.bucket, Key=f"in/{FILE}", Body=drop("1,2024-01-01,tea,ann,1").encode()
    )
    assert place.waiting() == (1, 0)

    assert isinstance(first, dg.SkipReason)
    assert spans(place.tick()) == [SPAN]
    assert place.sent == {"HeadObject": 1, "GetObject": 1}


def test_duplicates_and_disorder_do_no_harm(place: Place) -> None:
    place.tick()
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tell(FILE, FILE, FILE, "tests/shop/2024-01-02.csv", "tests/shop/never.csv")
    first = place.tick()
    assert spans(first) == [SPAN]
    assert heads(place) == 3

    place.tell(FILE)  # of an earlier version, or the same once more
    assert isinstance(place.tick(cursor_of(first)), dg.SkipReason)
    assert place.sent == {"HeadObject": 1}
    assert known(place) == {FILE}


def test_a_removed_and_an_overwritten_drop_are_noticed_and_the_others_stay_known(
    place: Place,
) -> None:
    files = [f"tests/shop/2024-01-0{n}.csv" for n in (1, 2, 3)]
    for file in files:
        place.write(file, drop("1,2024-01-01,tea,ann,1"))
    first = place.tick()
    place.made.materialize("2024-01-01", "2024-01-03", ["shop"], marts=False)

    place.write(files[0], drop("1,2024-01-01,tea,ann,2"))
    place.remove(files[2])
    place.tell(files[0], files[2])

    assert spans(place.tick(cursor_of(first))) == [
        ("shop", "2024-01-01", "2024-01-01"),
        ("shop", "2024-01-03", "2024-01-03"),
    ]
    assert lists(place) == 1  # of the one key that is gone, as HEAD may not say so
    assert known(place) == set(files[:2])


def test_the_last_drop_may_go_by_its_event_though_its_prefix_is_empty_then(place: Place) -> None:
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tick()
    place.remove(FILE)
    place.tell(FILE)

    place.tick()

    assert known(place) == set()


def test_messages_stay_until_the_catalogue_has_what_they_tell(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.tick()
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tell(FILE)

    def fail(*_: object) -> None:
        raise TransientError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(StagingArea, "inspect", fail)
        with pytest.raises(TransientError, match="the disk is full"):
            place.tick()
    assert place.waiting() == (1, 0)
    assert known(place) == set()

    assert spans(place.tick()) == [SPAN]
    assert place.waiting() == (0, 0)


def test_a_bucket_that_went_makes_no_drop_go_and_keeps_the_events(place: Place) -> None:
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tick()
    place.tell(FILE)
    place.remove(FILE)
    s3_backend().delete_bucket(place.bucket)
    with pytest.raises(PermanentError, match="no such bucket"):
        place.tick()
    assert known(place) == {FILE}
    assert place.waiting() == (1, 0)

    s3_backend().create_bucket(place.bucket, "us-east-1")
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tick()
    assert known(place) == {FILE}
    assert place.waiting() == (0, 0)


def test_a_malformed_message_is_told_and_thrown_away_and_the_others_count(place: Place) -> None:
    place.tick()
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.say("hello " * 1000)
    place.say(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}))
    place.tell(FILE)

    with place.events.received() as events:
        assert isinstance(events, Events)
        (problem,) = events.problems
        assert events.files == {FILE}
    assert problem.startswith(f"{place.queue}: a message is none of S3's")
    assert f"have the queue receive the events of s3://{place.bucket} alone" in problem
    assert len(problem) < 600
    assert place.waiting() == (0, 0)


def test_events_of_other_buckets_and_prefixes_are_none_of_ours(place: Place) -> None:
    place.tick()
    other: dict[str, Any] = {"bucket": {"name": "another"}, "object": {"key": f"in/{FILE}"}}
    place.say(json.dumps({"Records": [{"s3": other}]}))
    other = {"bucket": {"name": place.bucket}, "object": {"key": f"in2/{FILE}"}}
    place.say(json.dumps({"Records": [{"s3": other}]}))
    place.tell("tests/shop/a.csv.part", "tests/other/2024-01-01.csv", "tests/shop/below/b.csv")

    place.tick()

    assert place.sent == Counter()
    assert place.waiting() == (0, 0)


def test_a_listing_every_so_often_finds_what_no_event_told_of(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.tick()
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    assert isinstance(place.tick(), dg.SkipReason)
    assert lists(place) == 0

    now = time.time_ns()
    monkeypatch.setattr("time.time_ns", lambda: now + int(24 * 3600e9) + 1)
    assert spans(place.tick()) == [SPAN]
    assert lists(place) == 2


def test_a_changed_contract_and_another_zone_have_all_drops_listed(place: Place) -> None:
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tick()
    place.tick()
    assert lists(place) == 0

    file = place.made.settings.contracts_folder / SHOP.name
    file.write_text(
        file.read_text().replace("transformLogic: price}", "transformLogic: price * 2}")
    )
    place.reload()
    place.tick()
    assert place.sent == {"ListObjectsV2": 1, "GetObject": 1}

    catalogue = place.made.resources["catalogue"]
    moved = place.zone.model_copy(update={"prefix": "in2"})
    contract = place.made.contracts["till"]
    assert not catalogue.listing_is_due(contract, place.zone, 24)
    assert catalogue.listing_is_due(contract, moved, 24)


def test_a_queue_that_is_not_there_is_told_with_the_setting(endpoint: str) -> None:
    events = SqsLandingEvents(
        queue_url=f"{endpoint}/123456789012/none",
        bucket="drops",
        region="us-east-1",
        endpoint_url=endpoint,
        attempts=1,
    )
    with (
        pytest.raises(PermanentError, match=r"no such queue; create it.*_LANDING_QUEUE_URL"),
        events.received(),
    ):
        pytest.fail("the block was entered")


def test_more_messages_than_one_tick_takes_wait_for_the_next(place: Place) -> None:
    place.tick()
    for number in range(45):
        place.tell(f"tests/shop/{number}.csv")
    few = place.events.model_copy(update={"most": 30})

    with few.received() as events:
        assert events
        assert len(events.files) == 30
    assert place.waiting() == (15, 0)
