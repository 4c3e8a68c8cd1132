"""When the page is written: by the daemon, whether or not anything is built."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from sales_assets.operations.keeping import EVERY_SECONDS
from sales_assets_tests.operations.scene import FIRST, scene
from sales_assets_tests.report.filled import Page


def test_the_sensor_writes_the_page_at_once_and_again_when_it_is_old(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        page = it.made.settings.report_folder / "operations.html"
        it.tick("alerts")
        assert "no drop for 1 day: 2024-01-01" in Page(page.read_text()).text
        page.write_text("as it was")
        it.tick("alerts")
        assert page.read_text() == "as it was"
        old = time.time() - EVERY_SECONDS - 1
        os.utime(page, (old, old))
        it.tick("alerts")
        assert "Something has to be done" in Page(page.read_text()).text


def test_a_page_that_cannot_be_written_is_logged_and_alerts_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with scene(tmp_path) as it:
        it.made.settings.report_folder.parent.mkdir(parents=True, exist_ok=True)
        it.made.settings.report_folder.write_text("where a folder should be")
        with caplog.at_level(logging.ERROR, "sales_assets.operations"):
            assert it.tick("alerts") == "0 opened, 0 recovered, 0 sent"
        assert "The operations page was not written" in caplog.text


def test_a_private_team_is_not_on_the_page_that_the_sensor_writes(tmp_path: Path) -> None:
    with scene(tmp_path, teams=True, private=True) as it:
        it.park("till")
        it.use("stalls", 9, "stalls/till/raw")
        it.tick("alerts")
        html = (it.made.settings.report_folder / "operations.html").read_text()
        assert "stalls" not in html
        assert "till" not in html
        assert "tests/shop" in html
        assert [one.team for one in it.look().teams] == ["analytics", "stalls", "tests"]


def test_while_the_warehouse_is_broken_the_page_is_written_all_the_same(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        it.land("till", FIRST)
        assert it.run("till")
        it.made.settings.warehouse_file.write_text("no database")
        it.tick("alerts")
        assert (it.made.settings.report_folder / "operations.html").is_file()
