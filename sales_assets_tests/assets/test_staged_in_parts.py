"""The staged asset divided into parts: the same asset as in one step, and each part by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterEventType as Type

from sales_assets.assets.staged_in_parts import parts
from sales_assets.errors import TransientError
from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Entry, Manifest
from sales_assets.setting_kinds import ExecutorKind
from sales_assets_tests.harness import SHOP, TILL, Installation, drop

DAYS = [f"2024-01-0{n}" for n in range(1, 7)]
FIRST, LAST = "2024-01-01", "2024-01-08"
DIVIDED = {"executor": ExecutorKind.CELERY, "celery_broker": "memory://", "fan_out_lines": 4}
STEP = "tests__shop__staged.tests__shop__staged__"

Make = Callable[..., Installation]


class ShakyZone(DirectoryLandingZone):
    """A landing zone that cannot give one file for so many times, once drops are staged."""

    file: str
    failures: str

    @contextmanager
    def local(self, drop: Drop) -> Iterator[Path]:
        file, count = drop.file, Path(self.failures)
        left = int(count.read_text()) if count.exists() else 0
        if file == self.file and left:
            count.write_text(str(left - 1))
            raise TransientError(f"{file}: the server is away")
        with super().local(drop) as path:
            yield path


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes installations with six days of drops, of two lines each."""
    with ExitStack() as stack:

        def make(name: str, overrides: dict[str, Any] | None = None, **settings: Any) -> Any:
            home = tmp_path / name
            made = stack.enter_context(
                Installation(home, [SHOP, TILL], overrides, step_retry_seconds=0.01, **settings)
            )
            for day in DAYS:
                lines = f"1,{day},tea,ann,1.50", f"2,{day},pot,bob,x"
                made.write_drop("shop", f"{day}.csv", drop(*lines))
            lines_of_till = [f"{n},{day},tea,ann,1.50" for n, day in enumerate(DAYS)]
            made.write_drop("till", "all.csv", drop(*lines_of_till))
            return made

        yield make


def run(made: Installation, **options: Any) -> dg.ExecuteInProcessResult:
    return made.materialize(FIRST, LAST, marts=False, rates=False, **options)


def steps(done: dg.ExecuteInProcessResult, kind: Type) -> Counter[str]:
    """How often steps of the shop's parts had an event."""
    keys = [event.step_key or "" for event in done.all_events if event.event_type is kind]
    return Counter(key.removeprefix(STEP) for key in keys if key.startswith(STEP))


def recorded(made: Installation, done: dg.ExecuteInProcessResult) -> list[Any]:
    """What the events of assets say, without what differs from folder to folder and run to run."""
    found: list[Any] = []
    for event in done.all_events:
        if event.event_type is Type.ASSET_MATERIALIZATION:
            of = event.step_materialization_data.materialization
            own = {"address", "dropped at"}
            metadata = {k: v for k, v in of.metadata.items() if k not in own}
            tags = {k: v for k, v in (of.tags or {}).items() if k == "dagster/code_version"}
            address = of.metadata.get("address")
            where = address and str(address.value).removeprefix(str(made.settings.home))
            found.append((of.asset_key, of.partition, metadata, tags, where))
        elif event.event_type is Type.ASSET_CHECK_EVALUATION:
            of_check = event.asset_check_evaluation_data
            found.append(
                (of_check.asset_check_key, of_check.passed, of_check.metadata, of_check.severity)
            )
    return sorted(found, key=repr)


def test_events_objects_and_rows_are_those_of_one_step(make: Make) -> None:
    whole, divided = make("whole"), make("divided", **DIVIDED)
    one, many = run(whole), run(divided)

    assert steps(many, Type.STEP_SUCCESS) == {
        "divide": 1,
        "part[part_1_from_2024_01_01]": 1,
        "part[part_2_from_2024_01_03]": 1,
        "part[part_3_from_2024_01_05]": 1,
        "record": 1,
    }
    assert recorded(divided, many) == recorded(whole, one)
    assert divided.staged_objects() == whole.staged_objects() != []
    assert divided.query("SELECT * FROM revenue ORDER BY ALL") == whole.query(
        "SELECT * FROM revenue ORDER BY ALL"
    )


def test_what_was_restated_is_staged_again_and_what_it_replaced_is_removed(make: Make) -> None:
    divided = make("divided", **DIVIDED)
    run(divided)
    before = set(divided.staged_objects())
    divided.write_drop("shop", f"{DAYS[0]}.csv", drop(f"1,{DAYS[0]},tea,ann,2.50"))

    again = run(divided)

    assert steps(again, Type.STEP_SUCCESS).keys() == {"divide", "record"}, "it is not worth parts"
    gone, new = before - {*divided.staged_objects()}, {*divided.staged_objects()} - before
    assert {key.split("/")[3] for key in gone} == {key.split("/")[3] for key in new} == {DAYS[0]}


def test_a_part_that_fails_for_what_passes_is_tried_again_alone(make: Make, tmp_path: Path) -> None:
    root, failures = tmp_path / "home" / "landing", tmp_path / "failures"
    zone = ShakyZone(root=str(root), file=f"tests/shop/{DAYS[2]}.csv", failures=str(failures))
    divided = make("home", {"landing_zone": zone}, **DIVIDED)
    run(divided, layers=["raw"])
    failures.write_text("2")

    done = run(divided, layers=["staged"], sources=["shop"])

    assert done.success
    assert steps(done, Type.STEP_RESTARTED) == {"part[part_2_from_2024_01_03]": 2}
    assert steps(done, Type.STEP_START).total() == 5


def test_a_part_that_fails_for_good_lets_the_others_be_recorded(make: Make) -> None:
    divided = make("home", **DIVIDED)
    bad = drop(f"1,{DAYS[2]},tea,ann,1.50", "2;x;tea;ann;1", "3;x;tea;ann;1")
    divided.write_drop("shop", f"{DAYS[2]}.csv", bad)

    done = run(divided, sources=["shop"], layers=["raw", "staged"], raise_on_error=False)

    assert not done.success
    (failed,) = (e for e in done.all_events if e.event_type is Type.STEP_FAILURE)
    assert failed.step_key == f"{STEP}record"
    assert "2 of 3 lines are malformed" in failed.step_failure_data.error_display_string
    key = dg.AssetKey(["tests", "shop", "staged"])
    done_days = set(divided.instance.get_materialized_partitions(key))
    assert done_days == {*DAYS} - {DAYS[2], DAYS[3]}, "all but the days of the bad file's part"


def test_a_part_that_keeps_failing_fails_the_run_and_lets_the_others_be_recorded(
    make: Make, tmp_path: Path
) -> None:
    root, failures = tmp_path / "home" / "landing", tmp_path / "failures"
    zone = ShakyZone(root=str(root), file=f"tests/shop/{DAYS[2]}.csv", failures=str(failures))
    divided = make("home", {"landing_zone": zone}, **DIVIDED)
    run(divided, layers=["raw"])
    failures.write_text("100")

    done = run(divided, layers=["staged"], sources=["shop"], raise_on_error=False)

    assert not done.success
    key = dg.AssetKey(["tests", "shop", "staged"])
    assert DAYS[5] in divided.instance.get_materialized_partitions(key)


def day(number: int) -> date:
    return date(2024, 1, 1) + timedelta(days=number)


def made_of(*files: str, lines: int = 10) -> Manifest:
    return tuple(Entry(file, "1", lines) for file in files)


def test_days_are_divided_by_their_lines_and_days_without_drops_left_out() -> None:
    manifests = {day(n): made_of(f"{n}.csv") for n in range(5)} | {day(2): ()}

    assert parts(manifests, 20) == [[day(0), day(1)], [day(3), day(4)]]
    assert parts(manifests, 1) == [[day(n)] for n in (0, 1, 3, 4)]
    assert parts(manifests, 41) == [[day(n) for n in (0, 1, 3, 4)]]
    assert parts({}, 1) == []


def test_days_that_share_a_file_even_by_others_stay_together() -> None:
    reference = Entry("items.csv", "1", 0, reference="items")
    manifests = {
        day(0): made_of("a", "b"),
        day(1): made_of("c"),
        day(2): made_of("b", "d"),
        day(3): made_of("d"),
        day(4): made_of("e"),
    }
    with_reference = {d: (*manifest, reference) for d, manifest in manifests.items()}

    assert parts(with_reference, 1) == [[day(0), day(2), day(3)], [day(1)], [day(4)]]
