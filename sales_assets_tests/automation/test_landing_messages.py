"""The messages of a landing zone's queue: which are kept, thrown away, or none of ours."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from sales_assets.errors import PermanentError, TransientError
from sales_assets.resources.landing_events import Events
from sales_assets.resources.sqs_landing_events import SqsLandingEvents
from sales_assets.resources.staging_area import StagingArea
from sales_assets_tests.automation.queue_place import FILE, SPAN, Place, known
from sales_assets_tests.automation.test_landing import spans
from sales_assets_tests.harness import drop
from sales_assets_tests.s3 import s3_backend


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
