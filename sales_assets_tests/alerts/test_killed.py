"""A process that is killed or slow while it sends: nothing is lost, and none takes from another.

What is sent twice has the same id.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from sales_assets.alerts.outbox import AT_A_TIME, LEASE, Message, Outbox, waiting
from sales_assets.alerts.routes import Route
from sales_assets.alerts.sending import send
from sales_assets_tests.alerts.receivers import HANGS, TAKES, http_receiver
from sales_assets_tests.alerts.scene import Scene, route
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.serving import until

SENDING = """
import sys, time
from datetime import datetime, timedelta
from sales_assets.alerts import outbox, sending
from sales_assets.alerts.routes import Route, Routes
from sales_assets.alerts.store import AlertStore

url, address, now, holds = sys.argv[1:]

def send(to, message):
    sending.send(to, message)
    while holds == "after":
        time.sleep(1)

routes = Routes((Route("hook", lambda: address, team="retail"),))
at = datetime.fromisoformat(now)
outbox.Outbox(AlertStore(url).engine, routes, send, lambda: at).deliver(timedelta(minutes=1))
"""


@pytest.mark.parametrize(("holds", "times"), [("before", 1), ("after", 2)])
def test_what_a_killed_process_was_sending_is_sent_again_when_its_lease_has_ended(
    tmp_path: Path, holds: str, times: int
) -> None:
    with http_receiver() as hook:
        hook.next.append(HANGS if holds == "before" else TAKES)
        scene = Scene(tmp_path, Route("hook", lambda: hook.address, team="retail"))
        scene.channels.send = send  # type: ignore[method-assign]
        scene.router = scene.another()
        scene.events.fails()
        scene.router._take_in(scene.rules)
        url = str(scene.store.engine.url)
        command = [sys.executable, "-c", SENDING, url, hook.address, scene.now.isoformat(), holds]
        process = subprocess.Popen(command, cwd=PROJECT)
        until("the message to reach the server", lambda: hook.asked == 1, 120)
        if holds == "after":
            until("the server to take it", lambda: hook.taken, 60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        hook.released.set()

        scene.passes(minutes=1)
        assert hook.asked == 1, "the lease holds"
        assert len(waiting(scene.store.engine)) == 1
        scene.now += LEASE + timedelta(seconds=1)
        scene.passes(2, minutes=1)
        assert len(hook.taken) == times
        assert len({one["id"] for one in hook.taken}) == 1
        assert waiting(scene.store.engine) == []


def test_what_slow_channels_keep_waiting_for_its_turn_is_no_other_process_s(tmp_path: Path) -> None:
    """More channels than are served at once, and those before take longer than a lease."""
    scene = Scene(tmp_path, *(route(f"channel {number}") for number in range(3 * AT_A_TIME)))
    sent: Counter[str] = Counter()

    def count(_: str, message: Message) -> None:
        sent[message.name] += 1

    def be_slow(address: str, message: Message) -> None:
        count(address, message)
        if sent.total() in {AT_A_TIME, 2 * AT_A_TIME}:
            scene.now += LEASE / 2 + timedelta(seconds=1)
        if sent.total() == 2 * AT_A_TIME + 1:
            other = Outbox(scene.store.engine, scene.rules.routes, count, lambda: scene.now)
            other.deliver(timedelta(minutes=1))

    scene.channels.send = be_slow  # type: ignore[method-assign]
    scene.router = scene.another()
    scene.events.fails()
    scene.passes(3, minutes=1)
    assert set(sent.values()) == {1}
    assert len(sent) == 3 * AT_A_TIME
