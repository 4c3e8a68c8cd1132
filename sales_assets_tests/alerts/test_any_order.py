"""Whatever happens in whichever order, each channel is told of each incident once, and of its end.

Failures, recoveries, channels that refuse, processes that die before or after a channel took a
message, passes of two processes at once, quiet hours: at the end, when all is well again, nothing
is lost, and nothing was sent twice but what a death between a channel's word and its note repeats.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sales_assets.alerts.book import OPENED, RECOVERED
from sales_assets.alerts.hours import Quiet
from sales_assets.alerts.outbox import Message, Outbox
from sales_assets.alerts.problems import Problem, Severity
from sales_assets.alerts.tables import INCIDENTS
from sales_assets_tests.alerts.scene import Scene, problem, route

KEYS = st.sampled_from(["a", "b"])
CHANNELS = st.sampled_from(["all", "errors", "quiet"])
OFTEN = 3


class DiedError(BaseException):
    """The process is killed here."""


class Alerting(RuleBasedStateMachine):
    """An installation with three channels."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.scene = Scene(
            self.folder,
            route("all"),
            route("errors", severity=Severity.ERROR),
            route("quiet", quiet=Quiet.parse("12:00-13:00 UTC")),
            escalate_after=OFTEN,
        )
        self.scene.passes()
        self.dies: dict[str, str] = {}
        self.repeated: Counter[str] = Counter()
        self.looked: dict[str, Problem] = {}

    @rule(key=KEYS, severity=st.sampled_from(Severity))
    def fails(self, key: str, severity: Severity) -> None:
        self.scene.events.fails(key, severity=severity)

    @rule(key=KEYS)
    def is_mended(self, key: str) -> None:
        self.scene.events.is_mended(key)

    @rule(key=KEYS)
    def is_seen(self, key: str) -> None:
        self.looked[key] = problem(f"looked {key}", scope="looked", severity=Severity.WARNING)
        self.scene.looked.problems = list(self.looked.values())

    @rule(key=KEYS)
    def is_seen_no_more(self, key: str) -> None:
        self.looked.pop(key, None)
        self.scene.looked.problems = list(self.looked.values())

    @rule(channel=CHANNELS)
    def goes_down(self, channel: str) -> None:
        self.scene.channels.down.add(channel)

    @rule(channel=CHANNELS)
    def comes_back(self, channel: str) -> None:
        self.scene.channels.down.discard(channel)

    @rule(channel=CHANNELS, when=st.sampled_from(["before it is taken", "after it is taken"]))
    def will_die(self, channel: str, when: str) -> None:
        self.dies[channel] = when

    @rule(minutes=st.sampled_from([0.1, 1, 15, 90]))
    def time_goes_by(self, minutes: float) -> None:
        self.scene.now += timedelta(minutes=minutes)

    @rule()
    def two_passes_at_once(self) -> None:
        self.scene.events.meanwhile = self.passes
        self.passes()

    @rule()
    def passes(self) -> None:
        router = self.scene.another()
        router._take_in(self.scene.rules)
        with suppress(DiedError):
            self.outbox().deliver(timedelta(minutes=1))

    def outbox(self) -> Outbox:
        scene = self.scene
        return Outbox(scene.store.engine, scene.rules.routes, self.send, lambda: scene.now)

    def send(self, address: str, message: Message) -> None:
        when = None if address in self.scene.channels.down else self.dies.pop(address, None)
        if when == "before it is taken":
            raise DiedError
        self.scene.channels.send(address, message)
        if when is not None:
            self.repeated[message.name] += 1
            raise DiedError

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        if not hasattr(self, "repeated"):
            return
        for name, times in Counter(m.name for m in self.scene.channels.taken).items():
            assert times <= 1 + self.repeated[name], name

    def teardown(self) -> None:
        if not hasattr(self, "scene"):
            return
        try:
            self.all_is_well_in_the_end()
        finally:
            self.scene.store.engine.dispose()
            shutil.rmtree(self.folder)

    def all_is_well_in_the_end(self) -> None:
        scene = self.scene
        scene.channels.down.clear()
        self.dies.clear()
        for _ in range(8):
            scene.now += timedelta(hours=2)
            self.passes()
        self.nothing_is_sent_twice()
        with scene.store.engine.connect() as connection:
            incidents = connection.execute(sa.select(INCIDENTS)).fetchall()
        told = {(m.incident, m.kind, m.channel): n for n, m in enumerate(scene.channels.taken)}
        for incident in incidents:
            is_error = incident.severity == "error"
            assert is_error or incident.failures < OFTEN
            assert (incident.id, OPENED, "all") in told
            assert ((incident.id, OPENED, "errors") in told) == is_error
            for channel in ("all", "errors", "quiet"):
                opened = told.get((incident.id, OPENED, channel))
                closed = told.get((incident.id, RECOVERED, channel))
                assert (closed is not None) == (
                    opened is not None and incident.closed_at is not None
                )
                if opened is not None and closed is not None:
                    assert opened < closed
            if is_error or incident.closed_at is None:
                assert (incident.id, OPENED, "quiet") in told
        assert len({key for key in told if key[1] == OPENED and key[2] == "all"}) == len(incidents)
        self.incidents_are_those_of_the_log(incidents)

    def incidents_are_those_of_the_log(self, incidents: Sequence[sa.Row[Any]]) -> None:
        """As counted from the events, and not from the tables."""
        expected: Counter[str] = Counter()
        failing: set[str] = set()
        for change in self.scene.events.changes:
            if isinstance(change, Problem):
                expected[change.key] += change.key not in failing
                failing.add(change.key)
            else:
                failing.discard(change.key)
        found = Counter(str(one.key) for one in incidents if one.scope == "events")
        assert found == +expected
        open_ = {str(one.key) for one in incidents if one.closed_at is None}
        assert open_ == failing | {one.key for one in self.looked.values()}


Alerting.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestAlerting = Alerting.TestCase
