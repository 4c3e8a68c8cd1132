"""A queue of the landing zone that code locations of several teams would empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.errors import UsageError
from sales_assets.platform.options import Part
from sales_assets_tests.automation.queue_place import FILE, SPAN, Place
from sales_assets_tests.automation.test_landing import spans
from sales_assets_tests.harness import SHOP, TILL, Installation, drop
from sales_assets_tests.s3 import client, counted


@pytest.fixture
def place(
    bucket: str, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """The location of the team `tests`; there is another team, whose drops are in `others/`."""
    till = tmp_path / TILL.name
    text = TILL.read_text().replace("name: tests", "name: others").replace("tests/", "others/")
    till.write_text(text)
    queue = client("sqs", endpoint).create_queue(QueueName=bucket)["QueueUrl"]
    with Installation(
        tmp_path / "home",
        [SHOP, till],
        landing_zone=f"s3://{bucket}/in",
        s3_endpoint_url=endpoint,
        s3_region="us-east-1",
        landing_queue_url=queue,
        part=Part.SOURCES,
        team="tests",
    ) as made:
        yield Place(endpoint, bucket, queue, made, counted(monkeypatch))


def test_events_of_another_team_s_drops_are_left_in_the_queue_and_the_tick_fails(
    place: Place,
) -> None:
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tell(FILE, "others/till/all.csv")

    with pytest.raises(
        UsageError,
        match=r"the queue tells of others/till/all\.csv, a drop of others/till, which another code "
        r"location looks at; nothing was taken .* prefix of the team's drops, such as tests/shop/",
    ):
        place.tick()

    assert place.waiting() == (2, 0)
    assert place.sent == {}


def test_a_queue_of_the_team_s_own_is_taken_from_as_ever(place: Place) -> None:
    place.write(FILE, drop("1,2024-01-01,tea,ann,1"))
    place.tell(FILE, "others/till/notes.txt", "tests/shop/below/b.csv")
    result = place.tick()
    assert spans(result) == [SPAN]
    assert isinstance(result, dg.SensorResult)
    [request] = result.run_requests or []
    assert {key.path[0] for key in request.asset_selection or ()} == {"tests"}
    assert place.waiting() == (0, 0)
