"""The benchmark's files, and that everyone who reads them finds the same."""

from __future__ import annotations

import csv
import hashlib
from decimal import Decimal
from pathlib import Path

from benchmarks import lower_bound
from benchmarks.generate import generate


def read_with_csv(folder: Path) -> dict[str, object]:
    """What a reader that shares nothing with DuckDB finds."""
    lines, accepted, amount = 0, 0, Decimal(0)
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                lines += 1
                good = (
                    row["order_id"]
                    and row["order_ts"]
                    and row["quantity"].isdigit()
                    and row["currency"] == "EUR"
                )
                if good:
                    accepted += 1
                    price, off = Decimal(row["unit_price"]), Decimal(row["discount"])
                    amount += int(row["quantity"]) * price - off
    return {
        "lines": lines,
        "accepted": accepted,
        "rejected": lines - accepted,
        "amount": f"{amount:.4f}",
    }


def hashes(folder: Path) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.csv"))]


def test_the_generator_tells_what_is_in_its_files_and_writes_the_same_ones_again(
    tmp_path: Path,
) -> None:
    told = generate(tmp_path / "a", 3, 500)
    assert told == read_with_csv(tmp_path / "a")
    assert told["rejected"]
    generate(tmp_path / "b", 3, 500)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_the_lower_bound_finds_what_was_generated_over_several_chunks(tmp_path: Path) -> None:
    told = generate(tmp_path / "files", lower_bound.CHUNK + 2, 200)
    found = lower_bound.run(tmp_path / "files", tmp_path / "work")
    assert found == {key: told[key] for key in ("lines", "rejected", "amount")}


def test_the_lower_bound_sees_every_row_of_a_large_day(tmp_path: Path) -> None:
    told = generate(tmp_path / "files", 1, 130_000)
    found = lower_bound.run(tmp_path / "files", tmp_path / "work")
    assert found == {key: told[key] for key in ("lines", "rejected", "amount")}


def test_the_european_export_has_the_same_sales_in_another_layout(tmp_path: Path) -> None:
    generate(tmp_path / "plain", 1, 50)
    generate(tmp_path / "files", 1, 50, european=True)
    (plain,) = (tmp_path / "plain").iterdir()
    (file,) = (tmp_path / "files").iterdir()
    text = file.read_bytes().decode("windows-1252")
    assert "Größe 1;" in text
    other = text.replace(",", ".").replace(";", ",").replace("Größe", "store")
    assert other == plain.read_text()
