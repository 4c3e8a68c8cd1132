"""`heal`, `backfill` and `status` as a person calls them, and the daemon that does the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dagster._core.execution.backfill import BulkActionStatus

from sales_assets.cli.heal_command import parse_span
from sales_assets.errors import UsageError
from sales_assets.healing.tags import HEALING_TAG
from sales_assets.partitions import Window
from sales_assets_tests.harness import PROJECT, SHOP, TILL, Installation, drop
from sales_assets_tests.serving import serving, until

DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]


class Person:
    """Somebody who calls commands on an installation."""

    def __init__(self, made: Installation) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_", "DAGSTER_"))}
        self._env = kept | {
            "SALES_ASSETS_HOME": str(made.settings.home),
            "SALES_ASSETS_CONTRACTS": str(made.settings.contracts_folder),
            "SALES_ASSETS_HEALING_PATIENCE_SECONDS": "0",
        }

    def says(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "sales_assets", *arguments],
            cwd=PROJECT,
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def finds(self, *arguments: str) -> Any:
        code, out, err = self.says(*arguments, "--format", "json")
        assert code == 0, err
        return json.loads(out)


@pytest.mark.long
def test_parked_days_are_told_unparked_asked_for_and_made_by_the_daemon(tmp_path: Path) -> None:
    contracts = []
    for contract in (SHOP, TILL):
        copy = tmp_path / contract.name
        copy.write_text(contract.read_text().replace("end: 2024-03-01", "end: 2024-01-04"))
        contracts.append(copy)
    with Installation(tmp_path / "home", contracts) as made:
        person = Person(made)
        for day in DAYS:
            made.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1.50"))
        look_at_drops(made)
        objects = made.settings.object_folder
        objects.parent.mkdir(parents=True, exist_ok=True)
        objects.write_text("where a folder should be, nobody can store anything")
        for _ in range(made.settings.healing_attempts):
            made.materialize(DAYS[0], DAYS[-1], ["shop"], marts=False, raise_on_error=False)

        found = person.finds("heal")
        assert len(found) == 1, found
        [wait] = found
        assert (wait["action"], wait["target"], wait["attempt"]) == ("wait", "tests/shop", 3)
        assert wait["days"] == [f"{DAYS[0]}..{DAYS[-1]}"]
        [parked] = person.finds("heal", "--parked")
        assert (parked["source"], parked["team"]) == ("tests/shop", "tests")
        assert str(objects) in parked["last_error"]
        code, out, err = person.says("status")
        assert code == 0
        assert f"Parked: tests/shop, {DAYS[0]}..{DAYS[-1]}" in err
        code, out, err = person.says("backfill", "--failed", "--dry-run")
        assert out == f"tests/shop: {DAYS[0]}..{DAYS[-1]}: would be asked for\n", err

        objects.unlink()
        code, out, err = person.says("heal", "--unpark", "shop", f"{DAYS[0]}..{DAYS[1]}")
        assert (code, err) == (0, "")
        assert out == f"tests/shop: {DAYS[0]}..{DAYS[1]} are asked for again.\n"
        asked, wait = person.finds("heal", "--dry-run")
        assert (asked["action"], asked["days"]) == ("request", [f"{DAYS[0]}..{DAYS[1]}"])
        assert (wait["action"], wait["days"]) == ("wait", [DAYS[2]])
        assert made.instance.get_backfills() == []

        code, out, err = person.says("heal")
        assert code == 0, err
        assert "No daemon runs" in err
        [backfill] = made.instance.get_backfills()
        assert backfill.backfill_id in out
        assert HEALING_TAG in backfill.tags
        waits = person.finds("heal", "--dry-run")
        assert {one["action"] for one in waits} == {"wait"}, "it is not asked for twice"

        with serving(made):
            until("the backfill", lambda: ended(made, backfill.backfill_id), 300)
            assert ended(made, backfill.backfill_id) is BulkActionStatus.COMPLETED_SUCCESS
            # The landing zone's sensor takes the third day, of which it had not told anybody yet.
            until("all days", lambda: len(revenue(made)) == 3, 300)


def look_at_drops(made: Installation) -> None:
    """What the sensor of the landing zone does first."""
    zone, area = made.resources["landing_zone"], made.resources["staging_area"]
    for contract in made.contracts.values():
        made.resources["catalogue"].refresh(contract, zone, area.inspect)


def ended(made: Installation, backfill_id: str) -> BulkActionStatus | None:
    backfill = made.instance.get_backfill(backfill_id)
    assert backfill is not None
    return backfill.status if backfill.status is not BulkActionStatus.REQUESTED else None


def revenue(made: Installation) -> list[Any]:
    return made.query("SELECT partition_date FROM revenue")


@pytest.mark.long
def test_a_backfill_takes_all_sources_at_once_and_leaves_out_what_a_person_must_mend(
    tmp_path: Path,
) -> None:
    with Installation(tmp_path / "home", [SHOP, TILL]) as made:
        person = Person(made)
        code, out, err = person.says("backfill")
        assert (code, out) == (2, "")
        assert "--failed or --missing" in err
        made.write_drop("shop", f"{DAYS[0]}.csv", drop(f"1,{DAYS[0]},tea,ann,1.50"))
        made.write_drop("shop", f"{DAYS[1]}.csv", "no,such,header\n1,2,3\n")
        made.write_drop("till", "all.csv", drop(*(f"1,{day},tea,ann,1.50" for day in DAYS)))
        look_at_drops(made)
        code, out, err = person.says("backfill", "--missing", "--to", DAYS[1], "--dry-run")
        assert code == 0, err
        assert out.splitlines() == [
            f"tests/shop: {DAYS[0]}: would be asked for",
            f"tests/till: {DAYS[0]}..{DAYS[1]}: would be asked for",
        ]
        assert made.instance.get_backfills() == []
        code, out, err = person.says("backfill", "--missing")
        assert code == 0, err
        [backfill] = made.instance.get_backfills()
        assert out.count(backfill.backfill_id) == 2
        code, out, err = person.says("backfill", "--missing")
        assert "nothing to do" in out
        assert "a run of them is under way" in err
        assert len(made.instance.get_backfills()) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02", Window(date(2024, 1, 2), date(2024, 1, 3))),
        ("2024-01-02..2024-01-05", Window(date(2024, 1, 2), date(2024, 1, 6))),
    ],
)
def test_days_are_read_as_they_are_told(text: str, expected: Window) -> None:
    assert parse_span(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["", "yesterday", "2024-01-05..2024-01-02"])
def test_what_are_no_days_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write them as"):
        parse_span(text)
