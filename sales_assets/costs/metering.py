"""Metering this process: Dagster's events open and close accounts, which are written as it goes.

Belongs here: which event does what, the thread that samples, when the ledger is written. Does not:
accounts (`meter`), figures (`readings`) or tables (`ledger`).

Nothing here may fail a run: an error is logged once, and the work goes on.

While a run or step is under way a thread looks once a second, for children and memory that come
and go, and writes what was used every few seconds: of a process that is killed the last such word
stays. Without work there is no thread, but in processes that live long, where it looks once a
minute.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from dagster import DagsterEventType
from dagster._core.events.log import EventLogEntry

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.ledger import Ledger, ledger_address
from sales_assets.costs.meter import FAILURE, RETRY, SUCCESS, Meter
from sales_assets.costs.processes import STEP_PROCESS, team_of_process, this_kind, this_process
from sales_assets.costs.readings import Readings
from sales_assets.costs.whose import AboutRun, about_run, whose
from sales_assets.settings import Settings

SAMPLE_SECONDS = 1.0
WRITE_SECONDS = 5.0
REST_SECONDS = 60.0
DURATION = "Execution Duration"
"""What dagster-dbt calls the seconds that a model took."""
_BEGINS = {DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED}
_ENDS = {
    DagsterEventType.STEP_SUCCESS: SUCCESS,
    DagsterEventType.STEP_FAILURE: FAILURE,
    DagsterEventType.STEP_UP_FOR_RETRY: RETRY,
}
_RUN_ENDS = {
    DagsterEventType.RUN_SUCCESS: SUCCESS,
    DagsterEventType.RUN_FAILURE: FAILURE,
    DagsterEventType.RUN_CANCELED: FAILURE,
}
_log = logging.getLogger("sales_assets.costs")


class Metering:
    """What this process meters, and writes into a ledger."""

    def __init__(
        self, ledger: Ledger, settings: Settings, kind: str | None, *, first: bool = True
    ) -> None:
        """`kind` is what lives long; its children account for themselves.

        The first one in a process has all that the process has used since it began.
        """
        readings = Readings(children=kind in (None, STEP_PROCESS))
        self.meter = Meter(readings, readings.at_birth() if first else readings.now())
        self._ledger, self._kind, self._process = ledger, kind, this_process()
        self._team = team_of_process(settings)
        self._teams_file = settings.teams_file
        self._about: dict[str, AboutRun] = {}
        self._own: tuple[date, Amounts] = (datetime.now(UTC).date(), Amounts())
        self._implied: set[str] = set()
        self._writing, self._starting = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        if kind is not None:
            self._look_on()

    def run_begins(self, run_id: str, instance: dg.DagsterInstance | None = None) -> None:
        """The process works for a run from now on."""
        if self.meter.is_open(run_id):
            return
        self.meter.begin(run_id, inherit=self._kind is None)
        self._know(run_id, instance)
        self.write()
        self._look_on()

    def run_ends(self, run_id: str, state: str = SUCCESS) -> None:
        """The process works for a run no more."""
        if self.meter.is_open(run_id):
            self.meter.end(run_id, state=state)
            self.write()
            self._about.pop(run_id, None)

    def step_begins(self, run_id: str, step: str, instance: dg.DagsterInstance) -> None:
        """A step begins, in a process of its own perhaps, which no event of the run reaches."""
        if not self.meter.is_open(run_id):
            self.run_begins(run_id, instance)
            self._implied.add(run_id)
        self._know(run_id, instance)
        self.meter.begin(run_id, step)

    def step_ends(self, run_id: str, step: str, state: str) -> None:
        """A step that began here has ended; of any other one nothing is known."""
        if self.meter.is_open(run_id, step):
            self.meter.end(run_id, step, state)
            if run_id in self._implied:
                self._implied.discard(run_id)
                self.run_ends(run_id, state)

    def _know(self, run_id: str, instance: dg.DagsterInstance | None) -> None:
        if instance is not None and run_id not in self._about:
            self._about[run_id] = about_run(instance, run_id)

    def _look_on(self) -> None:
        """Have the thread look, once a second from now on."""
        with self._starting:
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="costs", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        written = time.monotonic()
        while True:
            self._wake.clear()
            with self._starting:
                if self.meter.is_idle and self._kind is None:
                    self._thread = None
                    return
            self._wake.wait(REST_SECONDS if self.meter.is_idle else SAMPLE_SECONDS)
            guarded(self.meter.sample)
            if self.meter.is_idle or time.monotonic() - written >= WRITE_SECONDS:
                guarded(self.write)
                written = time.monotonic()

    def write(self) -> None:
        """Write what was used until now."""
        with self._writing:
            accounts = self.meter.take()
            try:
                keys = {key for about in self._about.values() for key in _assets(about)}
                self._ledger.keep(accounts, self._process, self._about, self._whose(keys))
            except Exception:
                self.meter.give_back(accounts)
                raise
            if self._kind is not None:
                self._write_process(datetime.now(UTC).date())
            elif self.meter.is_idle:
                self._ledger.engine.dispose()

    def _write_process(self, today: date) -> None:
        day, before = self._own
        self._own = today, self.meter.take_process() + (before if day == today else Amounts())
        own = self._own[1]
        self._ledger.keep_process(self._process, today, str(self._kind), self._team, own)

    def _whose(self, keys: set[str]) -> dict[str, tuple[str, str]]:
        if not keys:
            return {}
        teams = None
        if self._teams_file is not None:
            from sales_assets.platform.teams_file import read_teams_if_right

            teams = read_teams_if_right(self._teams_file)
        return {key: whose(dg.AssetKey.from_user_string(key), teams) for key in keys}


def _assets(about: AboutRun) -> set[str]:
    return {key for keys in about.assets.values() for key in keys}


_of_ledgers: dict[str, Metering] = {}
_said: set[str] = set()
_starting = threading.Lock()


# A child that is forked is another process, without the thread that may hold the lock just then.
os.register_at_fork(after_in_child=_of_ledgers.clear)
os.register_at_fork(after_in_child=_starting._at_fork_reinit)  # type: ignore[attr-defined]


def metering_at(settings: Settings, kind: str) -> Metering:
    """What meters this process, of which it is known what it is, for an installation."""
    return _metering(settings.catalogue_address, settings, kind)


def metering(instance: dg.DagsterInstance) -> Metering | None:
    """What meters this process for an instance; None if that has no ledger."""
    kept: dict[str, Any] = instance.__dict__
    mark = f"_metering_{os.getpid()}"
    if mark not in kept:
        settings = Settings.load()
        address = ledger_address(instance, settings)
        kept[mark] = address and _metering(address, settings, this_kind())
    found: Metering | None = kept[mark]
    return found


def _metering(address: str, settings: Settings, kind: str | None) -> Metering:
    with _starting:
        if address not in _of_ledgers:
            first = not _of_ledgers
            _of_ledgers[address] = Metering(Ledger(address), settings, kind, first=first)
        return _of_ledgers[address]


def meter_what_lives_long(instance: dg.DagsterInstance) -> None:
    """Begin to meter a process that lives long, of which no event tells."""
    if this_kind() is not None:
        guarded(lambda: metering(instance))


def before(instance: dg.DagsterInstance, event: EventLogEntry) -> None:
    """An event is about to be stored: accounts begin before it is."""
    if event.dagster_event_type is DagsterEventType.RUN_START:
        guarded(lambda: _do(instance, lambda it: it.run_begins(event.run_id, instance)))
    elif event.dagster_event_type in _BEGINS and (step := event.step_key):
        guarded(lambda: _do(instance, lambda it: it.step_begins(event.run_id, step, instance)))


def after(instance: dg.DagsterInstance, event: EventLogEntry) -> None:
    """An event was stored: accounts end after it is, and an asset says how long it took."""
    kind, step = event.dagster_event_type, event.step_key
    if kind in _RUN_ENDS:
        guarded(lambda: _do(instance, lambda it: it.run_ends(event.run_id, _RUN_ENDS[kind])))
    elif kind in _ENDS and step:
        guarded(lambda: _do(instance, lambda it: it.step_ends(event.run_id, step, _ENDS[kind])))
    elif kind is DagsterEventType.ASSET_MATERIALIZATION and step:
        made = event.get_dagster_event().step_materialization_data.materialization
        took = made.metadata.get(DURATION)
        if isinstance(took, dg.FloatMetadataValue) and took.value is not None:
            key, microseconds = made.asset_key.to_user_string(), round(took.value * 1e6)
            guarded(
                lambda: _do(
                    instance,
                    lambda it: it.meter.note_duration(event.run_id, step, key, microseconds),
                )
            )


def _do(instance: dg.DagsterInstance, work: Callable[[Metering], None]) -> None:
    if (found := metering(instance)) is not None:
        work(found)


def guarded(work: Callable[[], Any]) -> None:
    """Do something of which no failure may reach a run; each kind of failure is logged once."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 (whatever it is, the run goes on)
        if (told := f"{type(error).__name__}: {error}") not in _said:
            _said.add(told)
            _log.warning("Costs are not metered just now; the work goes on: %s", told)
