"""An installation that was destroyed and restored is the one that was backed up."""

from __future__ import annotations

import shutil
import signal
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.instance.retention import prune
from sales_assets_tests.backup.scene import (
    DAYS,
    SPAN,
    asks_for_nothing,
    bring_back,
    call,
    contracts_in_two_currencies,
    destroy,
    fill,
    start,
    state,
    take,
    tick,
    write,
)
from sales_assets_tests.harness import Installation

pytestmark = pytest.mark.long
LAYERS = ("tests", "rates", "core", "marts")


@pytest.fixture
def contracts(tmp_path: Path) -> list[Path]:
    return contracts_in_two_currencies(tmp_path / "given")


def test_after_pruning_and_a_restore_all_is_as_before_and_nothing_is_due(
    tmp_path: Path, contracts: list[Path]
) -> None:
    with Installation(tmp_path / "home", contracts) as made:
        fill(made)
        first = tick(made)
        assert isinstance(first, dg.SensorResult)
        assert asks_for_nothing(first)
        tables, known = made.tables(), state(made, *LAYERS)
        assert tables["main.rejected"]
        assert made.query("SELECT DISTINCT currency FROM fct_sales ORDER BY 1") == [
            ("EUR",),
            ("USD",),
        ]
        assert prune(made.instance, timedelta(0)).events > 0
        assert state(made, *LAYERS) == known
        assert asks_for_nothing(tick(made, first.cursor))
        assert asks_for_nothing(tick(made)), "pruning leaves the identity of files"
        settings = made.settings
    take(settings, str(tmp_path / "backups"))
    destroy(settings)

    restored = bring_back(settings, str(tmp_path / "backups"))

    assert restored.ended_runs == 0
    assert restored.left == []
    assert restored.aside == []
    with Installation(settings.home, contracts) as again:
        assert again.tables() == tables
        assert state(again, *LAYERS) == known
        assert asks_for_nothing(tick(again, first.cursor))
        assert asks_for_nothing(tick(again))
        assert (settings.report_folder / "sales_report.html").is_file()
    done = call(settings, "materialize", "--missing", *SPAN)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout


def test_what_a_run_under_way_at_the_backup_had_not_done_is_done_after_the_restore(
    tmp_path: Path, contracts: list[Path]
) -> None:
    """The days that the run restates had all been materialised before: no partition is missing."""
    with Installation(tmp_path / "home", contracts) as made:
        fill(made)
        settings = made.settings
        for day in DAYS:
            write(made, "shop", f"{day}.csv", f"1,{day},cup,eve,3", seconds=120)
        write(made, "till", "again.csv", *(f"{d},{d},tea,eve,8" for d in DAYS), seconds=120)
        run = start(settings, ["materialize", "--missing", *SPAN], SALES_ASSETS_CHUNK_DAYS="1")
        assert run.stderr is not None
        told = (line for line in run.stderr if "/revenue" in line)
        assert [next(told), next(told)], "two days are loaded, and others are not"
        backup = take(settings, str(tmp_path / "backups"))
        under_way = run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert under_way
    assert backup.manifest.moment < backup.manifest.ended
    destroy(settings)

    restored = bring_back(settings, str(tmp_path / "backups"))

    assert restored.ended_runs == 1
    with Installation(settings.home, contracts) as again:
        statuses = [run.status for run in again.instance.get_runs()]
        assert statuses.count(dg.DagsterRunStatus.FAILURE) == 1
        assert set(statuses) == {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS}
        done = call(settings, "materialize", "--missing", *SPAN)
        assert done.returncode == 0, done.stderr
        with Installation(tmp_path / "scratch", contracts) as scratch:
            shutil.copytree(settings.landing_folder, scratch.settings.landing_folder)
            scratch.materialize(DAYS[0], DAYS[-1])
            assert again.tables() == scratch.tables()
        assert asks_for_nothing(tick(again))
    assert "nothing to do" in call(settings, "materialize", "--missing", *SPAN).stdout
