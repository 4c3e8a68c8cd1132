"""Messages reach real servers on loopback, once each, whatever these do."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sales_assets.alerts import mail, sending
from sales_assets.alerts.outbox import LEASE, Message, Outbox, waiting
from sales_assets.alerts.problems import Severity
from sales_assets.alerts.routes import Route, Routes
from sales_assets.alerts.sending import send
from sales_assets.errors import PermanentError, TransientError
from sales_assets_tests.alerts.receivers import (
    CUTS,
    HANGS,
    Mailbox,
    Received,
    http_receiver,
    mail_server,
)
from sales_assets_tests.alerts.scene import Scene
from sales_assets_tests.serving import free_port, until

SECRET = "hunter2secret"


@pytest.fixture
def hook() -> Iterator[Received]:
    with http_receiver() as received:
        yield received


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as received:
        yield received


def to(name: str, address: str) -> Route:
    return Route(name, lambda: address, team="retail")


def scene_of(folder: Path, *routes: Route) -> Scene:
    """A scene whose messages are really sent."""
    scene = Scene(folder, *routes)
    scene.channels.send = send  # type: ignore[method-assign]
    scene.router = scene.another()
    return scene


def fails_and_recovers(scene: Scene, key: str = "shop") -> None:
    scene.events.fails(key)
    scene.passes(minutes=1)
    scene.events.is_mended(key)
    scene.passes(minutes=1)


OPENED, RECOVERED = "ERROR retail/shop: shop failed", "RECOVERED retail/shop: shop failed"


def test_a_mail_tells_of_a_failure_and_the_next_one_answers_it(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    scene = scene_of(tmp_path, to("mail", f"{mailbox.address}&to=a@x.org,b@x.org"))
    fails_and_recovers(scene)
    assert mailbox.subjects == [OPENED, RECOVERED]
    assert mailbox.people == [["a@x.org", "b@x.org"]] * 2
    first, second = mailbox.mails
    assert "Likely cause: the header lacks 'item'" in str(first.get_payload())
    assert second["In-Reply-To"] == first["Message-ID"]
    assert first["Message-ID"] != second["Message-ID"]
    assert first["From"].endswith("<alerts@example.com>")


@pytest.mark.parametrize("answer", ["451 try later", "552 mailbox is full"])
def test_a_mail_that_is_not_taken_is_sent_again_with_the_same_id(
    tmp_path: Path, mailbox: Mailbox, answer: str
) -> None:
    scene = scene_of(tmp_path, to("mail", f"{mailbox.address}&to=a@x.org"))
    mailbox.next.extend([answer, answer])
    scene.events.fails()
    scene.passes()
    [left] = waiting(scene.store.engine)
    assert left.error == f"the mail server answered {answer[:3]}"
    scene.passes(8, minutes=1)
    assert mailbox.subjects == [OPENED]
    assert waiting(scene.store.engine) == []


def test_a_recipient_who_is_refused_is_logged_and_the_others_are_told_once(
    tmp_path: Path, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    scene = scene_of(tmp_path, to("mail", f"{mailbox.address}&to=a@x.org,b@x.org"))
    mailbox.refused = {"b@x.org"}
    scene.events.fails()
    scene.passes(3, minutes=1)
    assert mailbox.people == [["a@x.org"]]
    assert "not for 1 of 2 recipients: it answered 450" in caplog.text
    assert "b@x.org" not in caplog.text
    mailbox.refused = {"a@x.org", "b@x.org"}
    scene.events.is_mended()
    scene.passes()
    [left] = waiting(scene.store.engine)
    assert left.error == "the mail server refuses all recipients"


def test_the_id_of_a_mail_is_the_same_in_every_try(mailbox: Mailbox) -> None:
    message = a_message()
    for _ in range(2):
        send(f"{mailbox.address}&to=a@x.org", message)
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1


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


def test_a_server_that_takes_a_mail_and_dies_before_its_farewell_has_taken_it() -> None:
    """As `QUIT` is no part of the mail."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(b"220 hello\r\n")
            stream.flush()
            while line := stream.readline():
                word = line[:4].upper()
                if word == b"QUIT":
                    return
                stream.write(b"354 go on\r\n" if word == b"DATA" else b"250 ok\r\n")
                stream.flush()
                if word == b"DATA":
                    while stream.readline() != b".\r\n":
                        pass
                    stream.write(b"250 taken\r\n")
                    stream.flush()

    threading.Thread(target=serve, daemon=True).start()
    port = listening.getsockname()[1]
    send(f"mailto://127.0.0.1:{port}?from=a@x.org&to=b@x.org", a_message())
    listening.close()


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


def test_no_log_and_no_error_holds_a_secret_of_an_address(
    tmp_path: Path, hook: Received, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.next.extend([500] * 3)
    mailbox.next.extend(["451 no"] * 3)
    nowhere = f"127.0.0.1:{free_port()}"
    scene = scene_of(
        tmp_path,
        to("hook", f"json://someone:{SECRET}@127.0.0.1:{hook.port}/{SECRET}?+X-Token={SECRET}"),
        to("mail", f"mailto://someone:{SECRET}@127.0.0.1:{mailbox.port}?from=a@x.org&to=b@x.org"),
        to("away", f"json://someone:{SECRET}@{nowhere}/{SECRET}"),
        to("wrong", f"nothing://{SECRET}"),
        to("slack", f"slack://{SECRET}"),
        to("several", f"pover://{SECRET}@{SECRET}/one/two"),
    )
    scene.events.fails()
    scene.passes(2, minutes=1)
    with scene.store.engine.connect() as connection:
        tables = ("alert_messages", "alert_incidents", "alert_channels", "alert_state")
        kept = [connection.exec_driver_sql(f"SELECT * FROM {t}").fetchall() for t in tables]
    assert SECRET not in repr(kept)
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert "the channel answered 500" in told
    assert SECRET not in told


def test_an_address_that_apprise_cannot_read_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(PermanentError, match="apprise cannot read the address"):
        send("nothing://x", a_message())
    with pytest.raises(PermanentError, match="has several targets; make a route of each"):
        send("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#one/#two", a_message())


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with http_receiver(context=context) as hook:
        address = hook.address.replace("json://", "jsons://")
        with pytest.raises(TransientError, match="cannot be reached"):
            send(address, a_message())
        assert hook.taken == []
        send(f"{address}?verify=no", a_message())
        assert len(hook.taken) == 1


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1, with its key."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(encoding, form, serialization.NoEncryption())
        + certificate.public_bytes(encoding)
    )
    return file


def a_message() -> Message:
    names = {"name": "1:opened:x", "incident": "1", "kind": "opened", "channel": "x"}
    return Message(
        number=1,
        severity=Severity.ERROR,
        title="ERROR shop failed",
        text="What: shop failed",
        attempts=1,
        lease="",
        put_at=datetime.now(UTC),
        **names,
    )
