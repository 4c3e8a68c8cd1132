"""The sensor on a landing zone on S3: what a queue saves, and which drops it notices by it."""

from __future__ import annotations

import math
import time
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest

from sales_assets_tests.automation.queue_place import (
    FILE,
    SPAN,
    Place,
    cursor_of,
    heads,
    known,
    lists,
)
from sales_assets_tests.automation.test_landing import spans
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.s3 import client, counted


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
