"""The landing zones, in a directory and on S3: which files are drops, and how one is added."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sales_assets.errors import DropError
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.landing_zone import UNFINISHED, Drop, LandingZone
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets_tests.s3 import s3_backend

PATTERN = "tests/shop/*.csv*"
PREFIX = "dropped/here"
ODD_NAMES = [
    "Süd & Nord 2024-01-01.csv",
    "[x]*?.csv",
    "a\nb.csv",
    "a+b%20c#d=e;'f'.csv",
    "東京.csv.gz",
]


class Kept(ABC):
    """A zone, and a way past it to what it keeps."""

    zone: LandingZone

    @abstractmethod
    def write(self, file: str, content: bytes = b"a\n1\n") -> None:
        """Put a file there without the zone."""

    @abstractmethod
    def remove(self, file: str) -> None:
        """Take a file away without the zone."""

    @abstractmethod
    def everything(self) -> dict[str, bytes]:
        """Every file that is there, a drop or not."""


@dataclass
class InDirectory(Kept):
    root: Path

    def __post_init__(self) -> None:
        self.zone = DirectoryLandingZone(root=str(self.root))

    def write(self, file: str, content: bytes = b"a\n1\n") -> None:
        write(self.root / file, content)

    def remove(self, file: str) -> None:
        (self.root / file).unlink()

    def everything(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file()
        }


@dataclass
class OnS3(Kept):
    bucket: str
    endpoint: str

    def __post_init__(self) -> None:
        self.zone = S3LandingZone(
            bucket=self.bucket, prefix=PREFIX, endpoint_url=self.endpoint, attempts=1
        )

    def write(self, file: str, content: bytes = b"a\n1\n") -> None:
        s3_backend().put_object(self.bucket, f"{PREFIX}/{file}", content)

    def remove(self, file: str) -> None:
        s3_backend().delete_object(self.bucket, f"{PREFIX}/{file}")

    def everything(self) -> dict[str, bytes]:
        keys = s3_backend().get_bucket(self.bucket).keys
        return {key.removeprefix(f"{PREFIX}/"): keys[key].value for key in keys}


@pytest.fixture(params=[InDirectory, OnS3], ids=["directory", "S3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    if request.param is InDirectory:
        return InDirectory(tmp_path / "landing")
    return OnS3(request.getfixturevalue("bucket"), request.getfixturevalue("endpoint"))


@pytest.fixture
def zone(kept: Kept) -> LandingZone:
    return kept.zone


def write(path: Path, content: bytes = b"a\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def listed(zone: LandingZone, pattern: str = PATTERN) -> list[str]:
    return [drop.file for drop in zone.list(pattern)]


def read(zone: LandingZone, drop: Drop) -> bytes:
    with zone.local(drop) as path:
        return path.read_bytes()


def test_drops_are_listed_by_name_with_their_sizes_as_each_by_itself(kept: Kept) -> None:
    kept.write("tests/shop/b.csv", b"12345")
    kept.write("tests/shop/a.csv.gz", b"")

    one, two = kept.zone.list(PATTERN)

    assert (one.file, one.size) == ("tests/shop/a.csv.gz", 0)
    assert (two.file, two.size) == ("tests/shop/b.csv", 5)
    assert [kept.zone.stat(drop.file) for drop in (one, two)] == [one, two]
    assert kept.zone.look([two.file, "tests/shop/c.csv", one.file]) == [two, one]
    assert kept.zone.look([]) == []


def test_only_files_that_the_glob_matches_are_drops(kept: Kept) -> None:
    for file in ("shop/a.csv", "shop/a.xlsx", "shop/below/b.csv", "till/c.csv", "d.csv"):
        kept.write(f"tests/{file}")
    kept.write("tests/shop/folder.csv/e.txt")

    for pattern, files in {
        PATTERN: ["tests/shop/a.csv"],
        "tests/shop/**/*.csv": ["tests/shop/a.csv", "tests/shop/below/b.csv"],
        "tests/**/b*.csv": ["tests/shop/below/b.csv"],
        "tests/*/c.csv": ["tests/till/c.csv"],
        "tests/*.csv": ["tests/d.csv"],
        "*/*/?.csv": ["tests/shop/a.csv", "tests/till/c.csv"],
        "tests/[!s]*/*": ["tests/till/c.csv"],
        "tests/shop/a.csv": ["tests/shop/a.csv"],
        "tests/sho/*": [],
        "tests/shop/A.csv": [],
        "**/c.csv": ["tests/till/c.csv"],
    }.items():
        assert listed(kept.zone, pattern) == files, pattern


def test_a_zone_without_folders_holds_no_drops(zone: LandingZone) -> None:
    assert zone.list(PATTERN) == []
    assert zone.stat("tests/shop/a.csv") is None
    assert zone.is_away(PATTERN)
    assert zone.is_away("tests/*/a.csv")


def test_a_folder_is_there_as_long_as_anything_is_in_it(kept: Kept) -> None:
    kept.write("tests/shop/not a drop.tmp")

    assert not kept.zone.is_away(PATTERN)
    assert not kept.zone.is_away("tests/shop/**/*.csv")
    assert not kept.zone.is_away("tests/*/x.csv")
    assert not kept.zone.is_away("*.csv")
    assert kept.zone.is_away("tests/sho/*.csv")
    assert kept.zone.is_away("tests/shopping/*.csv")


@pytest.mark.parametrize("ending", UNFINISHED)
def test_a_file_with_the_ending_of_an_unfinished_one_is_left_alone(kept: Kept, ending: str) -> None:
    kept.write(f"tests/shop/a.csv{ending}")
    assert listed(kept.zone) == []


def test_a_hidden_file_is_left_alone(kept: Kept) -> None:
    kept.write("tests/shop/.a.csv")
    assert listed(kept.zone) == []


def test_odd_names_are_landed_listed_and_opened_as_they_are(kept: Kept, tmp_path: Path) -> None:
    zone = kept.zone
    # moto finds no route for a key with a line break.
    names = [name for name in ODD_NAMES if "\n" not in name or isinstance(kept, InDirectory)]
    for name in names:
        zone.put(write(tmp_path / name, name.encode()), PATTERN)

    assert listed(zone) == sorted(f"tests/shop/{name}" for name in names)
    for drop in zone.list(PATTERN):
        assert zone.stat(drop.file) == drop
        assert f"tests/shop/{read(zone, drop).decode()}" == drop.file


def test_the_local_file_ends_as_the_drop_does(kept: Kept) -> None:
    name = f"tests/shop/{'x' * 200}.csv.gz"
    kept.write(name)
    (drop,) = kept.zone.list(PATTERN)

    with kept.zone.local(drop) as path:
        assert path.name.endswith("x.csv.gz")


def test_a_landed_file_is_a_copy_in_the_folder_of_its_source(kept: Kept, tmp_path: Path) -> None:
    local = write(tmp_path / "mine.csv", b"one")

    assert kept.zone.put(local, PATTERN) == kept.zone.stat("tests/shop/mine.csv")
    assert kept.zone.put(local, PATTERN, "other.csv") == kept.zone.stat("tests/shop/other.csv")
    kept.zone.put(local, "tests/**/*.csv", "third.csv")

    assert local.read_bytes() == b"one"
    assert kept.everything() == {
        "tests/shop/mine.csv": b"one",
        "tests/shop/other.csv": b"one",
        "tests/third.csv": b"one",
    }


def test_landing_a_name_again_replaces_the_drop(zone: LandingZone, tmp_path: Path) -> None:
    zone.put(write(tmp_path / "a.csv", b"the old and longer one"), PATTERN)
    zone.put(write(tmp_path / "a.csv", b"new"), PATTERN)

    (drop,) = zone.list(PATTERN)
    assert (drop.file, drop.size, read(zone, drop)) == ("tests/shop/a.csv", 3, b"new")


@pytest.mark.parametrize("name", ["a.xlsx", "CSV", "below/a.csv", "../a.csv", "../till/a.csv"])
def test_a_name_that_the_contract_does_not_take_is_refused_and_nothing_is_copied(
    kept: Kept, tmp_path: Path, name: str
) -> None:
    local = write(tmp_path / "local")

    with pytest.raises(DropError, match=r"the contract takes files named \*\.csv\*") as error:
        kept.zone.put(local, PATTERN, name)

    assert str(error.value).startswith(f"{name}:")
    assert kept.everything() == {}


@pytest.mark.parametrize("name", [".a.csv", "a.csv.part", "a.csv~"])
def test_a_file_under_a_name_that_would_be_left_alone_is_not_landed(
    kept: Kept, tmp_path: Path, name: str
) -> None:
    with pytest.raises(DropError, match="name it otherwise"):
        kept.zone.put(write(tmp_path / name), PATTERN)

    assert kept.everything() == {}


def test_a_reader_of_a_drop_that_is_being_replaced_sees_one_version_whole_or_is_told(
    zone: LandingZone, tmp_path: Path
) -> None:
    size = 1_000_000
    versions = [write(tmp_path / letter, letter.encode() * size) for letter in "ab"]
    zone.put(versions[0], PATTERN, "a.csv")

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(
            lambda: [zone.put(local, PATTERN, "a.csv") for local in versions * 10]
        )
        while not writing.done():
            (drop,) = zone.list(PATTERN)
            assert drop.size == size
            with suppress(DropError):  # another version is there now
                content = read(zone, drop)
                assert content == content[:1] * size
        writing.result()
    (drop,) = zone.list(PATTERN)
    assert read(zone, drop) == b"b" * size


def test_a_drop_that_is_gone_cannot_be_opened(kept: Kept) -> None:
    kept.write("tests/shop/a.csv")
    (drop,) = kept.zone.list(PATTERN)
    kept.remove(drop.file)

    with pytest.raises(DropError, match=r"^tests/shop/a\.csv: was removed"):
        read(kept.zone, drop)
    assert kept.zone.stat("tests/shop/a.csv") is None
