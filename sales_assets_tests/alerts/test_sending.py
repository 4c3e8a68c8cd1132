"""Addresses to send to: secrets are told nowhere, and wrong ones and strange servers refused."""

from __future__ import annotations

import logging
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from sales_assets.alerts.sending import send
from sales_assets.errors import PermanentError, TransientError
from sales_assets_tests.alerts.delivering import a_message, scene_of, to
from sales_assets_tests.alerts.receivers import Mailbox, Received, http_receiver
from sales_assets_tests.serving import free_port

SECRET = "hunter2secret"


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
