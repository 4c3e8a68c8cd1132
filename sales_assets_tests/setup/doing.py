"""All that the pipeline and the doctor do in AWS, step by step.

Belongs here: that. Does not: who lets it (`iam`), or any expectation of that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from sales_assets.doctor.inputs import landing_queue
from sales_assets.doctor.object_storage import objects
from sales_assets.errors import SalesAssetsError
from sales_assets.resources.build import (
    build_landing_events,
    build_landing_zone,
    build_object_store,
)
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.resources.sqs_landing_events import SqsLandingEvents
from sales_assets.settings import Settings
from sales_assets_tests.setup.iam import Iam

MEGABYTE = 1024 * 1024
PATTERN = "tests/shop/*.csv"
REFUSED = "check what the AWS credentials may do"
Step = Callable[[], Any]


def everything(settings: Settings, folder: Path, iam: Iam) -> None:
    """All that the pipeline does in AWS; what is refused does not keep it from the rest."""
    small, large = folder / "a.csv", folder / "b.csv"
    small.write_bytes(b"a\n1\n")
    large.write_bytes(bytes(9 * MEGABYTE))
    pipeline = [*land(settings, small, large), *stage(settings, small, large), *hear(settings)]
    doctor: list[Step] = [lambda: list(objects(settings)), lambda: list(landing_queue(settings))]
    for step in [*pipeline, *doctor]:
        try:
            step()
        except SalesAssetsError:
            if not iam.denied:
                raise


def land(settings: Settings, small: Path, large: Path) -> list[Step]:
    zone = build_landing_zone(settings)
    assert isinstance(zone, S3LandingZone)

    def read() -> None:
        for found in zone.list(PATTERN):
            with zone.local(found) as path:
                assert path.stat().st_size == found.size

    def read_what_is_gone() -> None:
        with pytest.raises(SalesAssetsError, match=f"was removed|{REFUSED}"):
            zone.local(Drop("tests/shop/never.csv", 1, 1, "e")).__enter__()

    return [
        lambda: zone.put(small, PATTERN),
        lambda: zone.put(large, PATTERN),
        lambda: break_off(zone, lambda: zone.put(large, PATTERN, "c.csv")),
        lambda: zone.list("tests/**/*.csv"),
        lambda: zone.is_away(PATTERN),
        lambda: zone.look(["tests/shop/a.csv", "tests/shop/never.csv"]),
        read,
        read_what_is_gone,
    ]


def stage(settings: Settings, small: Path, large: Path) -> list[Step]:
    store = build_object_store(settings)
    assert isinstance(store, S3ObjectStore)

    def read() -> None:
        with store.local(["a", "b"]) as (one, other):
            assert (one.stat().st_size, other.stat().st_size) == (4, 9 * MEGABYTE)

    def read_what_is_gone() -> None:
        with pytest.raises(SalesAssetsError, match=f"the object is not there|{REFUSED}"):
            store.local(["never"]).__enter__()

    return [
        lambda: store.put([(small, "a"), (large, "b")]),
        lambda: break_off(store, lambda: store.put([(large, "c")])),
        lambda: store.find(""),
        read,
        read_what_is_gone,
        lambda: store.delete(["a", "b", "never"]),
    ]


def hear(settings: Settings) -> list[Step]:
    events = build_landing_events(settings)
    assert isinstance(events, SqsLandingEvents)
    quick = events.model_copy(update={"wait_seconds": 0})

    def receive(fails: bool) -> None:
        with quick.received():
            if fails:
                raise KeyError

    def receive_and_fail() -> None:
        with pytest.raises(KeyError):
            receive(fails=True)

    return [receive_and_fail, lambda: receive(fails=False)]


def break_off(owner: S3LandingZone | S3ObjectStore, upload: Step) -> None:
    """Have the second part of an upload fail, so that it is taken back."""

    def fail(request: Any, **_: Any) -> None:
        if "partNumber=2" in request.url:
            raise ConnectionClosedError(endpoint_url=request.url)

    hooks = owner._bucket.client.meta.events
    hooks.register("before-send.s3.UploadPart", fail)
    try:
        with pytest.raises(SalesAssetsError):
            upload()
    finally:
        hooks.unregister("before-send.s3.UploadPart", fail)
