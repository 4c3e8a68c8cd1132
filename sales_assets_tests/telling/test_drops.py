"""What `raw` tells of a day: readable also where many files make it up."""

from __future__ import annotations

from datetime import date

import pytest

from sales_assets.contracts.inspection import Inspection, Part
from sales_assets.contracts.load import load_contract
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Entry, Known
from sales_assets.telling.drops import SHOWN, drops_told
from sales_assets_tests.harness import SHOP

DAY = date(2024, 1, 2)
CONTRACT = load_contract(SHOP)


def known(file: str, size: int = 10, seconds: int = 1_704_186_000) -> Known:
    part = Part("", ("order",), 2, plain=True, skipped={"blank": 3, "comment": 1})
    drop = Drop(file, size, seconds * 1_000_000_000)
    return Known(drop, Inspection("f" * 64, (part,)), "")


def test_one_file_is_told_with_its_hash_size_and_time() -> None:
    told = drops_told(CONTRACT, DAY, (Entry("a.csv", "f" * 64, 2),), {"a.csv": known("a.csv")})

    assert told.pop("dropped at").value == 1_704_186_000
    assert told == {
        "status": "present",
        "lines": 2,
        "files": "a.csv",
        "sha256": "f" * 64,
        "bytes": 10,
        "left out of the files": "3 blank, 1 comment",
    }


def test_of_many_files_the_first_are_named_and_the_others_counted() -> None:
    names = [f"{n:03}|.csv" for n in range(SHOWN + 80)]

    told = drops_told(
        *(CONTRACT, DAY, tuple(Entry(name, "f" * 64, 2) for name in names)),
        {name: known(name, seconds=1_704_186_000 + n) for n, name in enumerate(names)},
    )

    assert (told["lines"], told["bytes"], told["number of files"]) == (200, 1_000, 100)
    assert told["dropped at"].value == 1_704_186_099
    assert told["files"].endswith(r"019|.csv, and 80 more")
    rows = told["drops"].value.splitlines()
    assert len(rows) == 2 + SHOWN + 1
    assert rows[2].startswith(r"| `000\|.csv` | 2 | 10 | 2024-01-02 09:00:00 | `ffff")
    assert rows[-1].startswith("| and 80 more |")
    assert told["left out of the files"] == "300 blank, 100 comment"


@pytest.mark.parametrize(
    ("day", "status"),
    [(DAY, "missing"), (date(2023, 12, 31), "outside the source's history")],
)
def test_a_day_without_a_drop_says_what_it_is(day: date, status: str) -> None:
    assert drops_told(CONTRACT, day, (), {}) == {"status": status, "lines": 0}


def test_references_stand_apart() -> None:
    manifest = (Entry("a.csv", "f" * 64, 2), Entry("p.csv", "e" * 64, 0, reference="prices"))

    told = drops_told(CONTRACT, DAY, manifest, {"a.csv": known("a.csv"), "p.csv": known("p.csv")})

    assert told["references"] == f"prices: p.csv ({'e' * 64})"
    assert told["files"] == "a.csv"
    assert "drops" not in told
