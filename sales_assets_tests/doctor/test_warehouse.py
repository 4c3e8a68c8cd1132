from __future__ import annotations

from pathlib import Path
from typing import Any

from sales_assets.doctor.findings import Severity
from sales_assets.doctor.warehouse import embedded
from sales_assets.resources.build import build_warehouse
from sales_assets.settings import Settings
from sales_assets_tests.resources.processes import PROCESSES


def test_a_warehouse_is_told_by_what_it_holds_and_none_is_made(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    [found] = embedded(settings)
    assert (found.severity, list(tmp_path.iterdir())) == (Severity.OK, [])
    build_warehouse(settings).rows("SELECT 1")
    [found] = embedded(settings)
    assert found.severity is Severity.OK
    assert found.found.endswith("empty")


def write(home: Path, begun: Any, ends: Any) -> None:
    """As another process does."""
    with build_warehouse(Settings(home=home)).exclusive():
        begun.set()
        ends.wait(60)


def test_a_warehouse_that_is_being_written_to_is_told(tmp_path: Path) -> None:
    begun, ends = PROCESSES.Event(), PROCESSES.Event()
    process = PROCESSES.Process(target=write, args=(tmp_path, begun, ends))
    process.start()
    assert begun.wait(60)
    [found] = embedded(Settings(home=tmp_path))
    ends.set()
    process.join(60)
    assert found.severity is Severity.WARNING
    assert "look again" in found.to_do


def test_a_file_that_is_no_warehouse_is_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.warehouse_file.write_bytes(b"no database" * 1000)
    [found] = embedded(settings)
    assert found.severity is Severity.PROBLEM
    assert "from the drops" in found.to_do
