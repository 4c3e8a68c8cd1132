"""Bytes that a store or a landing zone moves are counted, wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sales_assets.costs.moved import moved
from sales_assets.errors import TransientError
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets_tests.s3 import new_bucket, serving_s3, set_credentials

LARGE = 9 * 1024 * 1024  # is uploaded in parts


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving_s3() as served:
        yield served


@pytest.fixture(params=["directory", "s3"])
def places(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[ObjectStore, LandingZone]:
    if request.param == "directory":
        return (
            DirectoryObjectStore(root=str(tmp_path / "objects")),
            DirectoryLandingZone(root=str(tmp_path / "landing")),
        )
    set_credentials(monkeypatch, tmp_path)
    where = {"endpoint_url": request.getfixturevalue("address"), "region": "us-east-1"}
    return (
        S3ObjectStore(bucket=new_bucket(), **where),
        S3LandingZone(bucket=new_bucket(), prefix="in", **where),
    )


def counted(work: Callable[[], object]) -> tuple[int, int]:
    before = moved()
    work()
    after = moved()
    return after[0] - before[0], after[1] - before[1]


def file(folder: Path, name: str, size: int) -> Path:
    (folder / name).write_bytes(b"x" * size)
    return folder / name


def test_what_is_put_into_a_store_and_read_from_it_is_counted(
    places: tuple[ObjectStore, LandingZone], tmp_path: Path
) -> None:
    store, _ = places
    files = [(file(tmp_path, "a", 1000), "k/a"), (file(tmp_path, "b", LARGE), "k/b")]
    assert counted(lambda: store.put(files)) == (0, 1000 + LARGE)

    def read() -> None:
        with store.local(["k/a", "k/b"]) as paths:
            assert [path.stat().st_size for path in paths] == [1000, LARGE]

    assert counted(read) == (1000 + LARGE, 0)
    assert counted(lambda: store.find("k/")) == (0, 0), "names are no content"


def test_a_drop_that_is_landed_and_read_is_counted(
    places: tuple[ObjectStore, LandingZone], tmp_path: Path
) -> None:
    _, zone = places
    local = file(tmp_path, "a.csv", 700)
    assert counted(lambda: zone.put(local, "t/shop/*.csv")) == (0, 700)
    [drop] = zone.list("t/shop/*.csv")

    def read() -> None:
        with zone.local(drop) as path:
            path.read_bytes()

    assert counted(read) == (700, 0)


def test_what_could_not_be_put_is_not_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_credentials(monkeypatch, tmp_path)
    nobody = S3ObjectStore(
        bucket="bucket", endpoint_url="http://127.0.0.1:9", region="us-east-1", attempts=1
    )
    files = [(file(tmp_path, "a", 1000), "k/a")]

    def put() -> None:
        with pytest.raises(TransientError):
            nobody.put(files)

    assert counted(put) == (0, 0)
