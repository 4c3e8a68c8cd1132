"""What happens between processes: kills, two runs at once, a question during a run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from sales_assets_tests.harness import PROJECT, SAMPLE, SHOP, TILL, Installation, drop

pytestmark = pytest.mark.long
REVENUE = dg.AssetKey(["retail", "pizzaplace", "revenue"])
COMMAND = [sys.executable, "-m", "sales_assets"]


def environment(home: Path, **settings: str) -> Mapping[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_ASSETS_", "DAGSTER_"))}
    return {**kept, "SALES_ASSETS_HOME": str(home), **settings}


def start(env: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=env,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ledger(installation: Installation) -> dict[str, datetime]:
    rows = installation.query("SELECT partition_date::VARCHAR, loaded_at FROM ledger")
    return dict(rows)


def test_a_killed_range_resumes_with_the_days_that_were_not_committed(tmp_path: Path) -> None:
    env = environment(tmp_path / "home", SALES_ASSETS_CHUNK_DAYS="10")
    with Installation(tmp_path / "home", chunk_days=10) as installation:
        installation.land("pizzaplace", SAMPLE / "pizzaplace.csv.gz")
        span = ("--source", "pizzaplace", "--from", "2015-01-01", "--to", "2015-04-10")
        killed = start(env, "materialize", *span)
        assert killed.stderr is not None
        chunks = 0
        for line in killed.stderr:
            chunks += "pizzaplace/revenue" in line
            if chunks == 3:
                killed.send_signal(signal.SIGKILL)
                break
        killed.wait()
        before = ledger(installation)
        assert 30 <= len(before) < 100, "the kill came in the middle of the range"

        again = start(env, "materialize", *span)
        _, told = again.communicate()
        assert again.returncode == 0, told
        after = ledger(installation)
        assert len(after) == 100
        assert {day: after[day] for day in before} == before, "committed days are not done again"
        assert "pizzaplace/staged 2015-01-01" not in told, "nor are staged ones"
        with Installation(tmp_path / "scratch") as scratch:
            scratch.land("pizzaplace", SAMPLE / "pizzaplace.csv.gz")
            scratch.materialize("2015-01-01", "2015-04-10", ["pizzaplace"])
            assert installation.tables() == scratch.tables()
        assert len(installation.instance.get_materialized_partitions(REVENUE)) == 100
        first = installation.instance.get_runs()[-1]
        assert first.status is dg.DagsterRunStatus.STARTED
        health = installation.instance.run_launcher.check_run_worker_health(first)
        assert health.status is WorkerStatus.FAILED, "the daemon's monitoring marks it as failed"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_range_ends_as_cancelled_and_says_how_to_go_on(
    tmp_path: Path, sent: signal.Signals
) -> None:
    env = environment(tmp_path / "home", SALES_ASSETS_CHUNK_DAYS="5")
    with Installation(tmp_path / "home", chunk_days=5) as installation:
        installation.land("pizzaplace", SAMPLE / "pizzaplace.csv.gz")
        span = ("--source", "pizzaplace", "--from", "2015-01-01", "--to", "2015-04-10")
        interrupted = start(env, "materialize", *span)
        assert interrupted.stderr is not None
        for line in interrupted.stderr:
            if "pizzaplace/revenue" in line:
                interrupted.send_signal(sent)
                break
        _, told = interrupted.communicate()
        assert interrupted.returncode == 130, told
        assert told.splitlines()[-1].startswith("Interrupted.")
        assert "Traceback" not in told
        [run] = installation.instance.get_runs()
        assert run.status is dg.DagsterRunStatus.CANCELED
        done = ledger(installation)
        assert 0 < len(done) < 100
        recorded = installation.instance.get_materialized_partitions(REVENUE)
        assert recorded >= set(done)


def test_two_runs_at_once_queue_up_and_both_succeed_while_questions_are_answered(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with Installation(home, [SHOP, TILL]) as installation:
        days = [f"2024-01-{day:02}" for day in range(1, 11)]
        for day in days:
            installation.write_drop("shop", f"{day}.csv", drop(f"{day},{day},tea,ann,1.5"))
        lines = [f"{day},{day},pot,bob,2.5" for day in days]
        installation.write_drop("till", "till.csv", drop(*lines))
        env = environment(home, SALES_ASSETS_CONTRACTS=str(home / "contracts"))
        span = ("--from", "2024-01-01", "--to", "2024-01-10")
        runs = [start(env, "materialize", "--source", s, *span) for s in ("shop", "till")]
        answers = []
        while any(run.poll() is None for run in runs):
            question = start(env, "query", "select count(*) as n from revenue", "--format", "json")
            text, told = question.communicate()
            assert question.returncode == 0, told
            assert "Traceback" not in told
            # Before the first models there is no snapshot: a question waits as long as a run then.
            waits = re.compile(r"waiting up to (2|3600) s for it")
            snapshot = [line for line in told.splitlines() if not waits.search(line)]
            # Models may take longer than the two seconds that a question waits.
            assert not snapshot or "this is how the warehouse stood at" in snapshot.pop()
            assert not snapshot
            answers.append(json.loads(text)[0]["n"])
            time.sleep(0.2)
        for run in runs:
            _, told = run.communicate()
            assert run.returncode == 0, told
            assert "lock" not in told.lower()
        assert answers == sorted(answers)
        assert installation.query("SELECT sum(net_revenue)::VARCHAR FROM daily_revenue") == [
            ("40.0000",)
        ]


def test_without_marts_the_models_are_left_to_a_later_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Installation(home, [SHOP]) as installation:
        installation.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        env = environment(home, SALES_ASSETS_CONTRACTS=str(home / "contracts"))

        def told(*options: str) -> str:
            span = ("--from", "2024-01-01", "--to", "2024-01-01")
            command = start(env, "materialize", *span, *options)
            out, err = command.communicate()
            assert command.returncode == 0, err
            return out

        assert "nothing to do" not in told("--no-marts")
        assert installation.query("SELECT count(*) FROM revenue") == [(1,)]
        tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'fct_sales'"
        assert installation.query(tables) == [(0,)]
        assert "nothing to do" in told("--no-marts", "--missing")
        assert "nothing to do" not in told("--missing")
        assert installation.query("SELECT count(*) FROM fct_sales") == [(1,)]
        assert "nothing to do" in told("--missing")
