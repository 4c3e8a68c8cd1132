"""Sending a message as e-mail.

Belongs here: the message and its way to the server that apprise has read from the address. Does
not: reading addresses (`sending`).

Apprise could send it too, but gives each try another Message-ID, and sends to each recipient by
itself, so that one who is refused has the others told again.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from typing import Any

from sales_assets.alerts.outbox import Message
from sales_assets.errors import PermanentError, TransientError

SECONDS, TAKING_SECONDS = 15.0, 120.0
"""Of waiting for an answer of the server, and for the one that says whether it took the mail:
whoever gives that up sends it twice."""
_log = logging.getLogger("sales_assets.alerts")


def send_mail(plugin: Any, message: Message) -> None:
    """Send by the server of apprise's plugin; raises TransientError if it took it for nobody."""
    people = [address for _, address in plugin.targets]
    if not people:
        raise PermanentError("the address of the mail names nobody to send it to")
    mail = composed(plugin, message)
    everybody = [*people, *_listed(plugin.cc), *_listed(plugin.bcc)]
    server = None
    try:
        server = _connected(plugin)
        if plugin.user and plugin.password:
            server.login(plugin.user, plugin.password)
        refused = server.send_message(mail, plugin.from_addr[1], everybody)
        _warn(refused, len(everybody))
    except smtplib.SMTPResponseException as error:
        raise TransientError(f"the mail server answered {error.smtp_code}") from None
    except smtplib.SMTPRecipientsRefused:
        raise TransientError("the mail server refuses all recipients") from None
    except (OSError, smtplib.SMTPException) as error:
        raise TransientError(f"the mail server failed: {type(error).__name__}") from None
    finally:
        if server is not None:  # how it takes its leave changes nothing
            with suppress(OSError, smtplib.SMTPException):
                server.quit()


def _warn(refused: Mapping[str, tuple[int, bytes]], people: int) -> None:
    """Who was not refused has the mail, and would get it twice if it were sent again."""
    if refused:
        codes = ", ".join(sorted({str(code) for code, _ in refused.values()}))
        _log.warning(
            "The mail server took an alert, but not for %d of %d recipients: it answered %s.",
            len(refused),
            people,
            codes,
        )


def composed(plugin: Any, message: Message) -> EmailMessage:
    """The mail: the same message has the same id, and the end of an incident answers its begin."""
    sender = plugin.from_addr[1]
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.title.split())
    mail["From"] = formataddr((plugin.from_addr[0] or "sales-assets", sender))
    mail["To"] = ", ".join(formataddr((name or "", address)) for name, address in plugin.targets)
    if plugin.cc:
        mail["Cc"] = ", ".join(_listed(plugin.cc))
    if plugin.reply_to:
        mail["Reply-To"] = ", ".join(_listed(plugin.reply_to))
    mail["Date"] = formatdate()
    mail["Message-ID"] = message_id(message.name, sender)
    if message.is_recovery:
        mail["In-Reply-To"] = mail["References"] = message_id(message.opening, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def message_id(name: str, sender: str) -> str:
    """The id of a mail, from the message's name."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


class _Patient:
    """Waits longer for the server's word that it took a mail."""

    def data(self, msg: Any) -> tuple[int, bytes]:
        """As smtplib has it."""
        self.sock.settimeout(TAKING_SECONDS)  # type: ignore[attr-defined]
        try:
            return super().data(msg)  # type: ignore[misc,no-any-return]
        finally:
            if self.sock is not None:  # type: ignore[attr-defined]
                self.sock.settimeout(SECONDS)  # type: ignore[attr-defined]


class _Plain(_Patient, smtplib.SMTP):
    """Begins without TLS."""


class _Tls(_Patient, smtplib.SMTP_SSL):
    """Begins with TLS."""


def _connected(plugin: Any) -> smtplib.SMTP:
    """A connection as the address says: TLS from the beginning, STARTTLS, or none."""
    context = ssl.create_default_context()
    if not plugin.verify_certificate:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = plugin.smtp_host, plugin.port
    if plugin.secure_mode == "ssl":
        return _Tls(host, port, timeout=SECONDS, context=context)
    server = _Plain(host, port, timeout=SECONDS)
    if plugin.secure_mode == "starttls":
        server.starttls(context=context)
    return server


def _listed(addresses: Iterable[Any]) -> list[str]:
    return sorted(one if isinstance(one, str) else one[1] for one in addresses)
