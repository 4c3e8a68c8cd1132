"""A first look at a drop: what it holds, or why it cannot be used."""

from __future__ import annotations

import gzip
import hashlib
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest

from sales_assets.contracts.days import DayFromColumn, DayFromFileName
from sales_assets.contracts.inspection import file_day, inspect, sha256_of
from sales_assets.contracts.model import Dialect
from sales_assets.errors import DropError
from sales_assets_tests.contracts.builders import DAY, column, contract

TILL = contract([column("receipt"), column("price", header="Price")])
GOOD = b"receipt,Price,note\n1,2.50,x\n2,3.00,y\n"
# Without the time of packing, which would give each test process other parameters.
PACKED = gzip.compress(GOOD, mtime=0)


def drop(folder: Path, content: bytes, name: str = f"{DAY}.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(folder: Path, content: bytes, name: str = f"{DAY}.csv") -> str:
    with pytest.raises(DropError) as caught:
        inspect(TILL, drop(folder, content, name), f"shop/{name}")
    assert str(caught.value).startswith(f"shop/{name}")
    return str(caught.value)


def test_a_drop_is_known_by_its_hash_header_and_lines(tmp_path: Path) -> None:
    found = inspect(TILL, drop(tmp_path, GOOD), f"shop/{DAY}.csv")

    assert found.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert found.parts[0].header == ("receipt", "Price", "note")
    assert found.lines == 2
    assert found.parts[0].plain
    assert found.days == {DAY: 2}


def test_a_compressed_drop_is_hashed_as_it_lies_there_and_read_as_it_is_meant(
    tmp_path: Path,
) -> None:
    path = drop(tmp_path, PACKED, f"{DAY}.csv.gz")

    found = inspect(TILL, path, path.name)

    assert found.sha256 == hashlib.sha256(PACKED).hexdigest() == sha256_of(path)
    assert (found.parts[0].header, found.lines) == (("receipt", "Price", "note"), 2)


def test_several_gzip_members_are_one_text(tmp_path: Path) -> None:
    path = drop(tmp_path, PACKED + gzip.compress(b"3,1.00,z\n"), f"{DAY}.csv.gz")

    assert inspect(TILL, path, path.name).lines == 3


@pytest.mark.parametrize(
    "header",
    [
        b"receipt,Price\n",
        b"receipt,Price\r\n",
        b"\xef\xbb\xbfreceipt,Price\n",
        b'"receipt","Price"\n',
        b"receipt,Price",
    ],
)
def test_a_header_is_the_same_however_it_is_written(header: bytes, tmp_path: Path) -> None:
    assert inspect(TILL, drop(tmp_path, header), "x/2024-03-05.csv").parts[0].header == (
        "receipt",
        "Price",
    )


def test_a_drop_of_a_header_alone_holds_no_lines(tmp_path: Path) -> None:
    found = inspect(TILL, drop(tmp_path, b"receipt,Price\n"), f"{DAY}.csv")

    assert (found.lines, found.days) == (0, {DAY: 0})


def test_columns_may_come_in_any_order_and_with_others(tmp_path: Path) -> None:
    found = inspect(TILL, drop(tmp_path, b"note,Price,receipt,\n"), f"{DAY}.csv")

    assert found.parts[0].header == ("note", "Price", "receipt", "")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", r": is empty \(0 bytes\); drop the complete file again"),
        (b"%PDF-1.7\n...", ": is a PDF document, not a CSV; export it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ": is an old Excel workbook"),
        (b"PAR1....", ": is a Parquet file"),
        (b"\x28\xb5\x2f\xfd....", ": is a Zstandard archive"),
        (PACKED, r": is a gzip archive whose name does not end in \.gz"),
        ("receipt,Price\n".encode("utf-16"), ": is UTF-16 text"),
        ("receipt,Price\n".encode("utf-16-be"), ", line 1: holds binary data"),
        ("receipt,Präis\n".encode("latin-1"), ", line 1: is not UTF-8 text"),
        (b"receipt,Price\r1,2\r", ", line 1: does not end in a line feed; export it with LF"),
        (b"x" * 2_000_000, ", line 1: does not end in a line feed"),
        (b"x" * 20_000_000, ": a line is longer than 16 MiB"),
        (b'"receipt,Price\n', ", line 1: cannot be the header: a quote is not closed"),
        (
            b"receipt,price\n",
            r", line 1: the header lacks 'Price', which contract test\.odcs\.yaml",
        ),
        (b"receipt;Price\n", ", line 1: the header lacks 'receipt', 'Price'"),
        (b" receipt,Price\n", ", line 1: the header lacks 'receipt'"),
        (b"\n1,2\n", ", line 2: the header lacks 'receipt', 'Price'.*it has '1', '2'"),
        (b"\n\n", ", line 1: the header lacks 'receipt', 'Price'.*it has nothing"),
        (b"1,2.50\n", ", line 1: the header lacks"),
        (b"receipt,Price,Price\n", ", line 1: column 'Price' is there twice"),
    ],
)
def test_a_file_that_is_not_what_the_contract_describes_is_refused(
    content: bytes, told: str, tmp_path: Path
) -> None:
    assert re.match(f"shop/{DAY}.csv{told}", refusal(tmp_path, content), re.DOTALL)


def test_an_excel_workbook_is_refused_by_its_content(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")

    assert "is a ZIP archive whose name does not end in .zip, or an Excel workbook" in refusal(
        tmp_path, book.read_bytes()
    )


@pytest.mark.parametrize("kept", [5, 20, -9, -1])
def test_a_cut_compressed_file_is_refused(kept: int, tmp_path: Path) -> None:
    packed = gzip.compress(GOOD * 1000)

    told = refusal(tmp_path, packed[:kept], f"{DAY}.csv.gz")

    assert "the compressed file is damaged or incomplete" in told


@pytest.mark.parametrize(
    "content",
    [GOOD, PACKED[:10] + b"\xff" * 40, PACKED[:-8] + b"12345678"],
)
def test_a_damaged_compressed_file_is_refused(content: bytes, tmp_path: Path) -> None:
    told = refusal(tmp_path, content, f"{DAY}.csv.gz")

    assert "the compressed file is damaged or incomplete" in told


def test_a_header_in_another_dialect_is_split_by_it(tmp_path: Path) -> None:
    till = contract(TILL.columns, dialect=Dialect(";", "'"))

    assert inspect(till, drop(tmp_path, b"'receipt';Price\n"), f"{DAY}.csv").parts[0].header == (
        "receipt",
        "Price",
    )


def named(pattern: str, strptime: str) -> DayFromFileName:
    return DayFromFileName(re.compile(pattern), strptime)


@pytest.mark.parametrize(
    ("day", "file", "expected"),
    [
        (named(r"(?P<day>\d{4}-\d{2}-\d{2})\.csv", "%Y-%m-%d"), "a/2024-03-05.csv", DAY),
        (named(r"_(?P<day>\d{8})_", "%Y%m%d"), "a/till_20240305_final.csv.gz", DAY),
        (named(r"(?P<day>\d+[.]\d+[.]\d+)", "%d.%m.%y"), "2023-01-01/5.3.24.csv", DAY),
        (named(r"^(?P<day>[^.]+)", "%Y-%m-%d"), "2024-03-05.v2.csv", DAY),
    ],
)
def test_the_name_of_a_file_says_its_day(day: DayFromFileName, file: str, expected: date) -> None:
    assert file_day(contract(TILL.columns, day=day), file) == expected


@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        (r"(?P<day>\d{4}-\d{2}-\d{2})", "2024-03-05/till.csv"),
        (r"(?P<day>\d{4}-\d{2}-\d{2})", "2024-02-30.csv"),
        (r"(?P<day>\d{4}-\d{2}-\d{2})?\.csv", "till.csv"),
        (r"(?P<day>.*)", "yesterday.csv"),
    ],
)
def test_a_name_that_says_no_day_is_refused_with_the_fix(pattern: str, file: str) -> None:
    with pytest.raises(DropError) as caught:
        file_day(contract(TILL.columns, day=named(pattern, "%Y-%m-%d")), file)

    assert str(caught.value).startswith(f"{file}: its name says no day by '{pattern}'")
    assert "rename it, or correct partitionDay in the contract" in str(caught.value)


def test_the_hash_of_the_content_is_the_same_however_it_is_packed(tmp_path: Path) -> None:
    plain = inspect(TILL, drop(tmp_path, GOOD), f"{DAY}.csv")
    packed = inspect(TILL, drop(tmp_path, gzip.compress(GOOD), f"{DAY}.csv.gz"), f"{DAY}.csv.gz")
    archive = tmp_path / f"{DAY}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(f"{DAY}.csv", GOOD)
    zipped = inspect(TILL, archive, archive.name)

    assert plain.content == plain.sha256 == packed.content == zipped.content
    assert len({plain.sha256, packed.sha256, zipped.sha256}) == 3

    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("2024-03-06.csv", GOOD)
    two = inspect(TILL, archive, archive.name)
    assert two.content not in {two.sha256, plain.sha256}


def test_days_are_left_to_staging_where_a_column_says_them(tmp_path: Path) -> None:
    many = contract(TILL.columns, day=DayFromColumn("receipt"))

    assert inspect(many, drop(tmp_path, GOOD, "till.csv"), "till.csv").days == {}


def test_utf_16_without_a_mark_is_refused_with_what_to_write_instead(tmp_path: Path) -> None:
    till = contract(TILL.columns, dialect=Dialect(encoding="utf-16"))
    path = drop(tmp_path, "receipt,Price\n".encode("utf-16-be"))

    with pytest.raises(DropError, match="UTF-16LE or UTF-16BE into the contract"):
        inspect(till, path, f"{DAY}.csv")


def test_an_archive_whose_table_points_to_nowhere_is_refused(tmp_path: Path) -> None:
    packed = tmp_path / "sound.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{DAY}.csv", GOOD)
    content = packed.read_bytes()

    told = refusal(tmp_path, content[:4] + content[30:], f"{DAY}.zip")

    assert "the compressed file is damaged or incomplete" in told
