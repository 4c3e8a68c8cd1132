"""Messages reach real servers on loopback, in order and once each, whatever these do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sales_assets.alerts import mail, sending
from sales_assets.alerts.outbox import LEASE, Outbox, waiting
from sales_assets.alerts.routes import Routes
from sales_assets.alerts.sending import send
from sales_assets_tests.alerts.delivering import OPENED, RECOVERED, fails_and_recovers, scene_of, to
from sales_assets_tests.alerts.receivers import CUTS, HANGS, Mailbox, Received, http_receiver
from sales_assets_tests.serving import free_port, until


@pytest.mark.parametrize("fault", [500, 503, 429, 404])
def test_a_hook_that_answers_with_an_error_gets_the_message_once_in_the_end(
    tmp_path: Path, hook: Received, fault: int
) -> None:
    scene = scene_of(tmp_path, to("hook", hook.address))
    hook.next.extend([fault] * 3)
    scene.events.fails()
    scene.passes(12, minutes=1)
    assert hook.titles == [OPENED]
    assert hook.asked == 4
    fails_and_recovers(scene, "other")
    assert len(hook.titles) == 3


def test_a_server_that_is_away_gets_all_in_order_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    scene = scene_of(tmp_path, to("hook", f"json://127.0.0.1:{port}/hook"))
    fails_and_recovers(scene)
    assert {left.error for left in waiting(scene.store.engine)} <= {
        "",
        "the channel cannot be reached",
    }
    with http_receiver(port) as hook:
        scene.passes(6, minutes=2)
        assert hook.titles == [OPENED, RECOVERED]


def test_the_end_of_an_incident_is_told_after_its_beginning_however_often_that_failed(
    tmp_path: Path, hook: Received
) -> None:
    scene = scene_of(tmp_path, to("hook", hook.address))
    hook.next.extend([500] * 3)
    scene.events.fails()
    scene.passes(4, minutes=1)
    scene.events.is_mended()
    scene.passes(6, minutes=2)
    assert hook.titles == [OPENED, RECOVERED]


def test_a_dead_channel_holds_up_no_other_and_is_asked_ever_less_often(
    tmp_path: Path, hook: Received, mailbox: Mailbox
) -> None:
    dead = http_receiver()
    with dead as silent:
        silent.next.extend([500] * 1000)
        scene = scene_of(
            tmp_path,
            to("dead", silent.address),
            to("hook", hook.address),
            to("mail", f"{mailbox.address}&to=a@x.org"),
        )
        for number in range(20):
            scene.events.fails(f"asset{number}")
        scene.passes()
        assert len(hook.titles) == len(mailbox.mails) == 20
        assert silent.asked == 1
        scene.passes(60, minutes=1)
        assert silent.asked < 12
        assert len(waiting(scene.store.engine)) == 20


def test_what_waits_for_a_route_that_was_removed_goes_to_the_log_after_a_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = scene_of(tmp_path, to("gone", f"json://127.0.0.1:{free_port()}/hook"))
    scene.events.fails()
    scene.passes()
    scene.rules = replace(scene.rules, routes=Routes())
    scene.router = scene.another()
    scene.passes(22, minutes=60)
    [left] = waiting(scene.store.engine)
    assert "there is no route gone" in left.error
    assert OPENED not in caplog.text
    scene.passes(3, minutes=60)
    assert not waiting(scene.store.engine)
    assert OPENED in caplog.text


def test_while_a_file_with_routes_cannot_be_read_what_is_for_one_of_them_waits_for_it(
    tmp_path: Path, hook: Received
) -> None:
    scene = scene_of(tmp_path, to("hook", hook.address))
    whole = scene.rules
    scene.events.fails()
    scene.passes()
    scene.rules = replace(whole, routes=Routes(is_whole=False))
    scene.events.is_mended()
    scene.passes(30, minutes=60)
    assert hook.titles == [OPENED]
    scene.rules = whole
    scene.passes(3, minutes=60)
    assert hook.titles == [OPENED, RECOVERED]


def test_a_channel_that_hangs_is_given_up_after_a_while_and_keeps_no_pass_waiting(
    tmp_path: Path, hook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_receiver() as slow:
        slow.next.append(HANGS)
        scene = scene_of(tmp_path, to("slow", slow.address), to("hook", hook.address))
        scene.events.fails()
        with monkeypatch.context() as hasty:
            hasty.setattr(sending, "READ_SECONDS", 2)
            scene.passes()
        assert hook.titles == [OPENED]
        assert [left.channel for left in waiting(scene.store.engine)] == ["slow"]
        scene.passes(2, minutes=1)
        assert slow.titles == [OPENED]


def test_a_pass_that_does_not_wait_says_that_messages_are_still_being_sent(
    tmp_path: Path,
) -> None:
    with http_receiver() as slow:
        slow.next.append(HANGS)
        scene = scene_of(tmp_path, to("slow", slow.address))
        scene.events.fails()
        assert scene.router.one_pass(wait=0.2).is_sending
        until("the message to reach the server", lambda: slow.asked == 1, 60)
        assert not scene.another().one_pass().is_sending, "the channel is another one's"
        assert slow.asked == 1
        slow.released.set()


def test_a_hook_that_took_a_message_but_did_not_say_so_gets_it_again_with_the_same_id(
    tmp_path: Path, hook: Received
) -> None:
    scene = scene_of(tmp_path, to("hook", hook.address))
    hook.next.append(CUTS)
    scene.events.fails()
    scene.passes(3, minutes=1)
    assert hook.titles == [OPENED, OPENED]
    assert len({one["id"] for one in hook.taken}) == 1
    assert hook.taken[0]["id"].endswith(":opened:hook")


def test_many_processes_that_deliver_at_once_send_each_message_once(
    tmp_path: Path, hook: Received, mailbox: Mailbox
) -> None:
    routes = (to("hook", hook.address), to("mail", f"{mailbox.address}&to=a@x.org"))
    scene = scene_of(tmp_path, *routes)
    for number in range(10):
        scene.events.fails(f"asset{number}")
    scene.router._take_in(scene.rules)

    def deliver() -> None:
        outbox = Outbox(scene.store.engine, scene.rules.routes, send, lambda: scene.now)
        outbox.deliver(timedelta(minutes=1))

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver()
    assert len(hook.titles) == len(set(hook.titles)) == 10
    assert len(mailbox.subjects) == len(set(mailbox.subjects)) == 10


def test_a_lease_is_longer_than_any_sending() -> None:
    steps = 10  # of a mail: greeting, TLS, sign-in, sender, recipients
    longest = steps * mail.SECONDS + 2 * mail.TAKING_SECONDS
    assert max(longest, sending.CONNECT_SECONDS + sending.READ_SECONDS) < LEASE.total_seconds()
