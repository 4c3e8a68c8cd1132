"""`sales-assets land` and `check`: what they take, print and refuse of a file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sales_assets_tests.cli.files import write
from sales_assets_tests.harness import TILL, Run, drop


def landed(home: Path) -> list[str]:
    landing = home / "landing"
    return [str(p.relative_to(landing)) for p in landing.rglob("*") if p.is_file()]


def test_landing_a_file_copies_it_and_landing_it_again_changes_nothing(
    run: Run, home: Path, tmp_path: Path
) -> None:
    file = write(tmp_path, "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
    assert run("land", file, "--source", "shop") == (0, "tests/shop/2024-01-01.csv: landed\n", "")
    before = (home / "landing/tests/shop/2024-01-01.csv").stat().st_mtime_ns
    code, out, _ = run("land", file, "--source", "tests/shop")
    assert (code, out) == (0, "tests/shop/2024-01-01.csv: is there already, unchanged\n")
    assert (home / "landing/tests/shop/2024-01-01.csv").stat().st_mtime_ns == before


def test_landing_a_file_again_that_another_supersedes_makes_it_count(
    run: Run, home: Path, tmp_path: Path
) -> None:
    old = write(tmp_path, "old.csv", drop("1,2024-01-01,tea,ann,1", "2,2024-01-02,tea,ann,1"))
    new = write(tmp_path, "new.csv", drop("3,2024-01-02,tea,ann,1"))
    for file in (old, new):
        assert run("land", file, "--source", "till")[1].endswith(": landed\n")
    assert run("land", old, "--source", "till")[1] == "tests/till/old.csv: landed\n"
    assert run("land", old, "--source", "till")[1].endswith("is there already, unchanged\n")


BAD_FILES = {
    "empty": ("2024-01-01.csv", b"", "is empty (0 bytes)", "drop the complete file again"),
    "no required column": (
        "2024-01-01.csv",
        b"order,sold_on,item,customer\n1,2024-01-01,tea,ann\n",
        "the header lacks 'price'",
        "Correct the file, or the contract",
    ),
    "pdf": ("2024-01-01.csv", b"%PDF-1.7 ...", "is a PDF document, not a CSV", "export it as CSV"),
    "excel": ("2024-01-01.csv", b"PK\x03\x04....", "an Excel workbook", "export it as CSV"),
    "binary": ("2024-01-01.csv", b"\x00\x01\x02\x03\n", "holds binary data", "export it as CSV"),
    "cut gzip": (
        "2024-01-01.csv.gz",
        gzip.compress(drop("1,2024-01-01,tea,ann,1").encode() * 50)[:-20],
        "is damaged or incomplete",
        "compressed file",
    ),
    "no day in the name": (
        "today.csv",
        drop("1,2024-01-01,tea,ann,1").encode(),
        "its name says no day",
        "rename it",
    ),
    "another ending": (
        "2024-01-01.txt",
        drop("1,2024-01-01,tea,ann,1").encode(),
        "the contract takes files named *.csv*",
        "2024-01-01.txt",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_cannot_be_used_is_refused_by_name_with_the_fix_and_not_copied(
    run: Run, home: Path, tmp_path: Path, kind: str
) -> None:
    name, content, what, fix = BAD_FILES[kind]
    code, out, err = run("land", write(tmp_path, name, content), "--source", "shop")
    assert code == 1
    assert out == ""
    assert name in err
    assert what in err
    assert fix in err
    assert "Traceback" not in err
    assert landed(home) == []


def test_check_says_what_would_become_of_a_file_and_writes_nothing(
    run: Run, home: Path, tmp_path: Path
) -> None:
    lines = ["1,2024-01-01,tea,ann,1.25", "2,2024-01-02,tea,ann,x", ",2024-01-02,tea,ann,y"]
    file = write(tmp_path, "all.csv", drop(*lines) + "\n" + drop("3,2024-01-03,jam,bo,2"))
    before = sorted(home.rglob("*"))

    code, told, _ = run("check", file, "--contract", "till", "--format", "json")

    found = json.loads(told)
    assert code == 1
    assert (found["lines"], found["accepted"], found["rejected"]) == (4, 2, 2)
    assert (found["first_day"], found["last_day"]) == ("2024-01-01", "2024-01-03")
    assert found["net_amount"] == {"EUR": "3.2500"}
    assert found["skipped"] == {"blank": 1, "repeated header": 1}
    assert found["rules"] == {"price": 2, "order_no": 1}
    assert found["examples"][1] == {
        "file": file,
        "line": 4,
        "text": ",2024-01-02,tea,ann,y",
        "reasons": [
            "order_no: is required and blank",
            "price: 'y' is no number with at most 4 decimals",
        ],
    }
    assert sorted(home.rglob("*")) == before


def test_check_shows_a_person_the_same_in_words(run: Run, tmp_path: Path) -> None:
    lines = "order,sold_on,item,customer,price,shelf\n1,2024-01-01,tea,ann,1250.5,9\n"
    file = write(tmp_path, "all.csv", lines)

    code, told, _ = run("check", file, "--contract", "till")

    assert code == 0
    assert "by tests/till: 1 lines, 2024-01-01 to 2024-01-01" in told
    assert "accepted 1\n" in told
    assert "net amount 1,250.50 EUR" in told
    assert "columns that the contract does not describe: 'shelf'" in told


def test_check_takes_a_contract_that_is_not_installed_yet(run: Run, tmp_path: Path) -> None:
    contract = write(tmp_path, "new.odcs.yaml", TILL.read_text().replace("name: till", "name: new"))
    file = write(tmp_path, "all.csv", drop("1,2024-01-01,tea,ann,1"))

    code, told, _ = run("check", file, "--contract", contract)

    assert code == 0
    assert "by tests/new: 1 lines" in told


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("all.csv", "a;b\n1;2\n", "the header lacks 'order'"),
        ("all.csv", drop("1;2024-01-01;tea;ann;1"), "1 of 1 lines are malformed"),
        ("all.csv", drop("1,yesterday,tea,ann,1"), "none of its 1 lines has a date"),
        ("none.csv", None, "there is no such file"),
    ],
)
def test_check_refuses_a_file_as_landing_or_staging_would(
    run: Run, tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    file = str(tmp_path / name) if content is None else write(tmp_path, name, content)

    code, _, error = run("check", file, "--contract", "till")

    assert code in {1, 2}
    assert told in " ".join(error.split())
