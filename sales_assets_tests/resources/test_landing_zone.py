"""The landing zone: which files are drops, and how one is added."""

from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sales_assets.errors import DropError
from sales_assets.resources.landing_zone import UNFINISHED, Drop, LandingZone

PATTERN = "tests/shop/*.csv*"
ODD_NAMES = [
    "Süd & Nord 2024-01-01.csv",
    "[x]*?.csv",
    "a\nb.csv",
    "a+b%20c#d=e;'f'.csv",
    "東京.csv.gz",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def zone(root: Path) -> LandingZone:
    return LandingZone(root=str(root))


def write(path: Path, content: bytes = b"a\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def listed(zone: LandingZone, pattern: str = PATTERN) -> list[str]:
    return [drop.file for drop in zone.list(pattern)]


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_drops_are_listed_by_name_with_size_and_time(zone: LandingZone, root: Path) -> None:
    for name, content in (("b.csv", b"12345"), ("a.csv.gz", b"")):
        os.utime(write(root / "tests/shop" / name, content), ns=(1, 1_700_000_000_123_456_789))

    assert zone.list(PATTERN) == [
        Drop("tests/shop/a.csv.gz", 0, 1_700_000_000_123_456_789),
        Drop("tests/shop/b.csv", 5, 1_700_000_000_123_456_789),
    ]
    assert zone.stat("tests/shop/b.csv") == zone.list(PATTERN)[1]


def test_only_files_that_the_glob_matches_are_drops(zone: LandingZone, root: Path) -> None:
    for file in ("shop/a.csv", "shop/a.xlsx", "shop/below/b.csv", "till/c.csv", "d.csv"):
        write(root / "tests" / file)
    (root / "tests/shop/folder.csv").mkdir()

    assert listed(zone) == ["tests/shop/a.csv"]
    assert listed(zone, "tests/shop/**/*.csv") == ["tests/shop/a.csv", "tests/shop/below/b.csv"]
    assert listed(zone, "tests/*/c.csv") == ["tests/till/c.csv"]


def test_a_zone_without_folders_holds_no_drops(zone: LandingZone) -> None:
    assert zone.list(PATTERN) == []
    assert zone.stat("tests/shop/a.csv") is None


@pytest.mark.parametrize("ending", UNFINISHED)
def test_a_file_with_the_ending_of_an_unfinished_one_is_left_alone(
    zone: LandingZone, root: Path, ending: str
) -> None:
    unfinished = write(root / f"tests/shop/a.csv{ending}")
    assert listed(zone) == []

    unfinished.rename(root / "tests/shop/a.csv")
    assert listed(zone) == ["tests/shop/a.csv"]


def test_a_hidden_file_is_left_alone(zone: LandingZone, root: Path) -> None:
    write(root / "tests/shop/.a.csv")

    assert listed(zone) == []


def test_a_link_to_a_file_is_a_drop_and_a_dangling_one_is_none(
    zone: LandingZone, root: Path, tmp_path: Path
) -> None:
    write(root / "tests/shop/a.csv")
    (root / "tests/shop/b.csv").symlink_to(write(tmp_path / "elsewhere", b"elsewhere"))
    (root / "tests/shop/c.csv").symlink_to(tmp_path / "nowhere")

    assert listed(zone) == ["tests/shop/a.csv", "tests/shop/b.csv"]
    assert zone.list(PATTERN)[1].size == len(b"elsewhere")
    with zone.local("tests/shop/b.csv") as path:
        assert path.read_bytes() == b"elsewhere"


def test_odd_names_are_landed_listed_and_opened_as_they_are(
    zone: LandingZone, tmp_path: Path
) -> None:
    for name in ODD_NAMES:
        zone.put(write(tmp_path / name, name.encode()), PATTERN)

    assert listed(zone) == sorted(f"tests/shop/{name}" for name in ODD_NAMES)
    for drop in zone.list(PATTERN):
        assert zone.stat(drop.file) == drop
        with zone.local(drop.file) as path:
            assert f"tests/shop/{path.read_text()}" == drop.file


def test_a_landed_file_is_a_copy_in_the_folder_of_its_source(
    zone: LandingZone, root: Path, tmp_path: Path
) -> None:
    local = write(tmp_path / "mine.csv", b"one")

    assert zone.put(local, PATTERN) == zone.stat("tests/shop/mine.csv")
    assert zone.put(local, PATTERN, "other.csv") == zone.stat("tests/shop/other.csv")

    assert local.read_bytes() == (root / "tests/shop/mine.csv").read_bytes() == b"one"
    assert everything(root) == [
        "tests",
        "tests/shop",
        "tests/shop/mine.csv",
        "tests/shop/other.csv",
    ]


def test_landing_a_name_again_replaces_the_drop(zone: LandingZone, tmp_path: Path) -> None:
    zone.put(write(tmp_path / "a.csv", b"the old and longer one"), PATTERN)
    zone.put(write(tmp_path / "a.csv", b"new"), PATTERN)

    assert [(drop.file, drop.size) for drop in zone.list(PATTERN)] == [("tests/shop/a.csv", 3)]


def test_landing_a_drop_onto_itself_keeps_it(zone: LandingZone, root: Path) -> None:
    drop = write(root / "tests/shop/a.csv", b"one")

    zone.put(drop, PATTERN)

    assert drop.read_bytes() == b"one"
    assert listed(zone) == ["tests/shop/a.csv"]


@pytest.mark.parametrize("name", ["a.xlsx", "CSV", "below/a.csv", "../a.csv", "../till/a.csv"])
def test_a_name_that_the_contract_does_not_take_is_refused_and_nothing_is_copied(
    zone: LandingZone, root: Path, tmp_path: Path, name: str
) -> None:
    local = write(tmp_path / "local")

    with pytest.raises(DropError, match=r"the contract takes files named \*\.csv\*") as error:
        zone.put(local, PATTERN, name)

    assert str(error.value).startswith(f"{name}:")
    assert not root.exists()


def test_a_copy_that_fails_half_way_is_never_seen_and_leaves_nothing(
    zone: LandingZone, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root / "tests/shop/a.csv", b"old")
    local = write(tmp_path / "local", b"new and longer")
    seen: list[list[str]] = []

    def copy_half(_: Path, target: Path) -> None:
        target.write_bytes(b"new an")
        seen.append(listed(zone))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copy_half)
    for name in ("a.csv", "b.csv"):
        with pytest.raises(OSError, match="No space left"):
            zone.put(local, PATTERN, name)

    assert seen == [["tests/shop/a.csv"]] * 2
    assert everything(root) == ["tests", "tests/shop", "tests/shop/a.csv"]
    assert (root / "tests/shop/a.csv").read_bytes() == b"old"


def test_a_reader_of_a_drop_that_is_being_replaced_sees_one_version_whole(
    zone: LandingZone, tmp_path: Path
) -> None:
    size = 1_000_000
    versions = [write(tmp_path / letter, letter.encode() * size) for letter in "ab"]
    zone.put(versions[0], PATTERN, "a.csv")

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(
            lambda: [zone.put(local, PATTERN, "a.csv") for local in versions * 20]
        )
        while not writing.done():
            with zone.local("tests/shop/a.csv") as path:
                content = path.read_bytes()
            assert content == content[:1] * size
            assert [drop.size for drop in zone.list(PATTERN)] == [size]
        writing.result()


def test_a_drop_that_is_gone_cannot_be_opened(zone: LandingZone, root: Path) -> None:
    write(root / "tests/shop/a.csv").unlink()

    with pytest.raises(DropError, match=r"^tests/shop/a\.csv: was removed"):
        zone.local("tests/shop/a.csv").__enter__()
    assert zone.stat("tests/shop/a.csv") is None


@pytest.mark.parametrize("name", [".a.csv", "a.csv.part", "a.csv~"])
def test_a_file_under_a_name_that_would_be_left_alone_is_not_landed(
    zone: LandingZone, root: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(DropError, match="name it otherwise"):
        zone.put(write(tmp_path / name), PATTERN)

    assert everything(root) == []
