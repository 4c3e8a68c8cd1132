"""Mails reach a real server on loopback, once each, whatever it answers."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from sales_assets.alerts.outbox import waiting
from sales_assets.alerts.sending import send
from sales_assets_tests.alerts.delivering import (
    OPENED,
    RECOVERED,
    a_message,
    fails_and_recovers,
    scene_of,
    to,
)
from sales_assets_tests.alerts.receivers import Mailbox


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
