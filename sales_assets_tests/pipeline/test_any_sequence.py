"""Whatever came, changed and went, in whatever order: the tables are those of a build from scratch.

Belongs here: the state machine. Does not: one rule for drops at a time (`resources`, `checks`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from sales_assets.partitions import Window
from sales_assets.planning import due_days, plan_runs, recorded_days
from sales_assets_tests.harness import SHOP, TILL, Installation, drop

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(4)]
WINDOW = Window.of_keys("2024-01-01", "2024-01-04")
SEQUENCES, STEPS = 12, 9
LONG_AGO_NS = 1_700_000_000_000_000_000
"""Drops are given times of their own, in the order of a clock that the machine turns."""

SOURCES = {"shop": "earliest", "till": None, "stall": "latest"}
"""`shop` has a file for each day, `till` and `stall` have many days in a file; in `till` the newest
file of a day counts, in the others files add up. With the day that counts for an order number."""


def contracts(folder: Path) -> list[Path]:
    files = []
    for name, across in SOURCES.items():
        content: dict[str, Any] = yaml.safe_load((SHOP if name == "shop" else TILL).read_text())
        content |= {"id": f"tests-{name}", "name": name}
        content["servers"][0]["path"] = f"tests/{name}/*.csv*"
        if name == "shop":
            content["slaProperties"] = [{"property": "latency", "value": 9, "unit": "d"}]
        else:
            stated = [p for p in content["customProperties"] if p["property"] != "overlappingDrops"]
            overlap = "union" if name == "stall" else "latest"
            content["customProperties"] = [
                *stated,
                {"property": "overlappingDrops", "value": overlap},
            ]
        if across:
            lines = content["schema"][0]
            lines["properties"][0]["primaryKey"] = True
            lines["customProperties"] = [{"property": "uniqueAcrossDays", "value": across}]
        file = folder / f"{name}.odcs.yaml"
        file.write_text(yaml.safe_dump(content))
        files.append(file)
    return files


LINES = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2", "o3", "o4", ""]),
        st.sampled_from([*map(str, DAYS), "never"]),
        st.sampled_from(["tea", "cup"]),
        st.sampled_from(["ann", "bob", ""]),
        st.sampled_from(["1.50", "2", "-3", "much"]),
    ).map(",".join),
    max_size=5,
)
NAMES = st.sampled_from([f"{day}.csv" for day in DAYS] + [f"{DAYS[0]}_again.csv"])


class Installed(RuleBasedStateMachine):
    """One installation that people drop files into, and days of which are run as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._home = Path(self._folder.name)
        (self._home / "contracts").mkdir()
        self._files = contracts(self._home / "contracts")
        self._made = Installation(self._home / "made", self._files).__enter__()
        self._drops: dict[Path, int] = {}
        self._time = 1000

    def teardown(self) -> None:
        try:
            self._compare()
        finally:
            self._made.__exit__()
            self._folder.cleanup()

    @initialize(source=st.sampled_from(sorted(SOURCES)), lines=LINES)
    def begin(self, source: str, lines: list[str]) -> None:
        self._write(source, f"{DAYS[1]}.csv", drop(*lines), self._tick())

    @rule(source=st.sampled_from(sorted(SOURCES)), name=NAMES, lines=LINES, late=st.booleans())
    def somebody_drops_or_restates_a_file(
        self, source: str, name: str, lines: list[str], late: bool
    ) -> None:
        """`late`: its time of change is older than that of every other file."""
        self._write(source, name, drop(*lines), self._tick(older=late))

    @rule(data=st.data(), name=NAMES)
    def somebody_drops_the_same_file_under_another_name(self, data: Any, name: str) -> None:
        if self._drops:
            file = data.draw(st.sampled_from(sorted(self._drops)))
            self._write(file.parent.name, name, file.read_text(), self._tick())

    @rule(data=st.data())
    def somebody_touches_a_file(self, data: Any) -> None:
        if self._drops:
            self._stamp(data.draw(st.sampled_from(sorted(self._drops))), self._tick())

    @rule(data=st.data())
    def somebody_removes_a_file(self, data: Any) -> None:
        if self._drops:
            file = data.draw(st.sampled_from(sorted(self._drops)))
            file.unlink()
            del self._drops[file]

    @rule(
        first=st.integers(0, 3),
        length=st.integers(1, 4),
        sources=st.sets(st.sampled_from(sorted(SOURCES)), min_size=1),
        marts=st.booleans(),
    )
    def somebody_runs_days(self, first: int, length: int, sources: set[str], marts: bool) -> None:
        last = min(first + length, len(DAYS)) - 1
        ran = self._made.materialize(
            str(DAYS[first]), str(DAYS[last]), sorted(sources), marts=marts, raise_on_error=False
        )
        refused = [event.step_key for event in ran.get_step_failure_events()]
        assert all("__raw" in str(step) for step in refused), "only a drop can be refused"

    @invariant()
    def no_line_is_lost(self) -> None:
        assert self._made.query(
            "SELECT * FROM ledger WHERE lines <> accepted + rejected"
        ) == self._made.query("SELECT * FROM ledger WHERE false")

    def _tick(self, *, older: bool = False) -> int:
        self._time += 1
        return 1000 - self._time if older else self._time

    def _write(self, source: str, name: str, text: str, time: int) -> None:
        self._stamp(self._made.write_drop(source, name, text), time)

    def _stamp(self, file: Path, time: int) -> None:
        self._drops[file] = time
        os.utime(file, ns=(LONG_AGO_NS + time,) * 2)

    def _compare(self) -> None:
        """Run what is due, and build the same drops from scratch."""
        self._remove_what_is_refused()
        for window, sources in self._due():
            self._made.materialize(window.first_key, window.last_key, sources)
        assert self._due() == [], "nothing is due after what was due"
        with Installation(self._home / "scratch", self._files) as scratch:
            for file, time in self._drops.items():
                copy = scratch.write_drop(file.parent.name, file.name, file.read_text())
                os.utime(copy, ns=(LONG_AGO_NS + time,) * 2)
            for source in SOURCES:
                (scratch.settings.landing_folder / f"tests/{source}").mkdir(
                    parents=True, exist_ok=True
                )
            scratch.materialize(str(DAYS[0]), str(DAYS[-1]))
            assert self._made.tables() == scratch.tables()
            assert self._made.staged_objects() == scratch.staged_objects()

    def _remove_what_is_refused(self) -> None:
        for source in SOURCES:
            for file, known in self._known(source).items():
                if known.refused:
                    path = self._made.settings.landing_folder / file
                    path.unlink()
                    del self._drops[path]

    def _known(self, source: str) -> dict[str, Any]:
        zone, catalogue, area = (
            self._made.resources[name] for name in ("landing_zone", "catalogue", "staging_area")
        )
        found: dict[str, Any] = catalogue.refresh(self._made.contracts[source], zone, area.inspect)
        return found

    def _due(self) -> list[tuple[Window, Sequence[str]]]:
        marts = [
            key
            for key in self._made.definitions.resolve_asset_graph().materializable_asset_keys
            if key.path[0] in {"staging", "core", "marts"}
        ]
        days = {}
        for source, contract in self._made.contracts.items():
            days[source] = due_days(
                contract,
                WINDOW,
                self._known(source),
                self._made.resources["warehouse"].loaded(contract.name, WINDOW),
                recorded_days(self._made.instance, contract, marts),
            )
        return [(run.window, run.sources) for run in plan_runs(days)]


@pytest.mark.long
def test_after_any_sequence_the_tables_are_those_of_a_build_from_scratch() -> None:
    run_state_machine_as_test(
        Installed,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
