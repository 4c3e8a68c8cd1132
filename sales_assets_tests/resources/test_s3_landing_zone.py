"""The landing zone on S3: versions, how many requests a listing takes, and what can go wrong."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sales_assets.errors import DropError, PermanentError, TransientError
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets_tests.s3 import answering, counted, s3_backend

PATTERN = "tests/shop/*.csv"
FILE = "tests/shop/a.csv"


@pytest.fixture
def zone(bucket: str, endpoint: str) -> S3LandingZone:
    return S3LandingZone(bucket=bucket, prefix="in", endpoint_url=endpoint, attempts=1)


def write(zone: S3LandingZone, file: str, content: bytes = b"a\n1\n") -> None:
    s3_backend().put_object(zone.bucket, f"{zone.prefix}/{file}", content)


def read(zone: S3LandingZone, drop: Drop) -> bytes:
    with zone.local(drop) as path:
        return path.read_bytes()


def test_another_content_of_the_same_size_and_second_is_another_version(
    zone: S3LandingZone,
) -> None:
    write(zone, FILE, b"one")
    (before,) = zone.list(PATTERN)
    write(zone, FILE, b"two")
    s3_backend().get_object(zone.bucket, f"in/{FILE}").last_modified = last_modified(before)
    (after,) = zone.list(PATTERN)

    assert (before.size, before.modified_ns) == (after.size, after.modified_ns)
    assert before != after
    with pytest.raises(DropError, match=rf"^{FILE}: changed since it was listed"):
        read(zone, before)
    assert read(zone, after) == b"two"


def last_modified(drop: Drop) -> object:
    return datetime.fromtimestamp(drop.modified_ns / 1e9, UTC).replace(tzinfo=None)


def test_a_drop_that_was_landed_in_parts_is_read_by_its_version(
    zone: S3LandingZone, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(b"0123456789abcdef" * 600_000)

    drop = zone.put(tmp_path / "a.csv", PATTERN)

    assert drop.etag.endswith("-2")
    assert zone.list(PATTERN) == [drop]
    assert read(zone, drop) == (tmp_path / "a.csv").read_bytes()


def test_a_listing_takes_one_request_for_a_thousand_keys_of_its_source_and_none_for_others(
    zone: S3LandingZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2_345):
        write(zone, f"tests/shop/{number:05}.csv", b"")
        write(zone, f"tests/shop/done/{number:05}.csv", b"")
        write(zone, f"tests/other/{number:05}.csv", b"")
    sent = counted(monkeypatch)

    assert len(zone.list(PATTERN)) == 2_345
    assert sent == {"ListObjectsV2": math.ceil((2_345 + 1) / 1000)}  # and one folder below

    sent.clear()
    assert len(zone.list("tests/shop/001*.csv")) == 100
    assert sent == {"ListObjectsV2": 1}

    sent.clear()
    assert len(zone.list("tests/shop/**/*.csv")) == 2 * 2_345
    assert sent == {"ListObjectsV2": math.ceil(2 * 2_345 / 1000)}


def test_keys_that_no_file_can_have_are_no_drops(zone: S3LandingZone) -> None:
    for file in ("tests/shop//a.csv", "tests/shop/./a.csv", "tests/shop/.csv/", "/a.csv"):
        s3_backend().put_object(zone.bucket, f"in/{file}", b"")

    assert zone.list("tests/shop/**/*.csv") == zone.list("**/*.csv") == zone.list("*.csv") == []


def test_a_prefix_without_slashes_takes_no_keys_of_its_neighbours(
    bucket: str, endpoint: str
) -> None:
    s3_backend().put_object(bucket, "in/a.csv", b"")
    s3_backend().put_object(bucket, "in2/b.csv", b"")
    s3_backend().put_object(bucket, "c.csv", b"")

    for prefix, files in (("in", ["a.csv"]), ("/in2/", ["b.csv"]), ("", ["c.csv"])):
        zone = S3LandingZone(bucket=bucket, prefix=prefix, endpoint_url=endpoint)
        assert [drop.file for drop in zone.list("*.csv")] == files


def test_an_empty_folder_of_the_console_is_there(zone: S3LandingZone) -> None:
    assert zone.is_away(PATTERN)
    write(zone, "tests/shop/", b"")

    assert not zone.is_away(PATTERN)
    assert zone.list(PATTERN) == []


Use = Callable[[S3LandingZone, Path], object]
every_use = pytest.mark.parametrize(
    "use",
    [
        lambda zone, _: zone.list(PATTERN),
        lambda zone, _: zone.is_away(PATTERN),
        lambda zone, _: zone.stat(FILE),
        lambda zone, _: zone.look([FILE, "tests/shop/b.csv"]),
        lambda zone, _: read(zone, Drop(FILE, 1, 1, "e")),
        lambda zone, local: zone.put(local, PATTERN),
    ],
    ids=["list", "is_away", "stat", "look", "local", "put"],
)


@pytest.fixture
def local(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text("a")
    return tmp_path / "a.csv"


@every_use
def test_a_bucket_that_is_not_there_does_not_make_drops_go(
    endpoint: str, local: Path, use: Use
) -> None:
    zone = S3LandingZone(bucket="never-made", endpoint_url=endpoint, attempts=1)

    with pytest.raises(PermanentError, match=r"never-made: .*create it.*_LANDING_ZONE") as error:
        use(zone, local)
    assert not isinstance(error.value, DropError)


@every_use
def test_a_server_that_is_not_there_does_not_make_drops_go(
    endpoint: str, local: Path, use: Use
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # without listening: connections are refused
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        zone = S3LandingZone(bucket="bucket", endpoint_url=address, attempts=1)

        with pytest.raises(TransientError, match="try again later"):
            use(zone, local)


@every_use
def test_what_may_not_be_done_is_refused_with_what_to_check(
    endpoint: str, local: Path, use: Use
) -> None:
    with answering(403, "AccessDenied") as address:
        zone = S3LandingZone(bucket="bucket", endpoint_url=address, attempts=1)

        with pytest.raises(
            PermanentError, match="check what the AWS credentials may do, SALES_ASSETS_LANDING_ZONE"
        ) as error:
            use(zone, local)
        assert not isinstance(error.value, DropError)


def test_an_archived_drop_is_named_and_is_to_be_restored(endpoint: str) -> None:
    with answering(403, "InvalidObjectState") as address:
        zone = S3LandingZone(bucket="bucket", endpoint_url=address, attempts=1)

        with pytest.raises(PermanentError, match=rf"^s3://bucket/{FILE}: is archived.*restore"):
            read(zone, Drop(FILE, 1, 1, "e"))
