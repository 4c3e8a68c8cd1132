"""Sending a message to an address.

Belongs here: apprise, with time-outs, and what its failures mean. Does not: e-mail (`mail`), or
trying again (`outbox`). Nothing of an address gets into a log or an error: what apprise logs, which
are hosts, people and at its lowest level whole addresses, goes nowhere.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sales_assets.alerts.addresses import MAILS, scheme, with_ids
from sales_assets.alerts.outbox import Message
from sales_assets.errors import PermanentError, TransientError

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
"""Apprise's own 4 seconds would send a message again that a slow channel has taken."""
_STATUS = re.compile(r"error=(\d{3})")


def send(address: str, message: Message) -> None:
    """Send one message; raises PermanentError or TransientError if it was not taken."""
    plugin = opened(address, message)
    if scheme(address) in MAILS:
        from sales_assets.alerts.mail import send_mail

        send_mail(plugin, message)
        return
    import apprise

    kinds = apprise.NotifyType
    kind = kinds.FAILURE if message.severity.is_error else kinds.WARNING
    with _told() as told:
        is_taken = plugin.notify(
            title=message.title,
            body=message.text,
            notify_type=kinds.SUCCESS if message.is_recovery else kind,
            body_format=apprise.NotifyFormat.TEXT,
        )
    if not is_taken:
        statuses = [found[1] for text in told if (found := _STATUS.search(text))]
        raise TransientError(
            f"the channel answered {statuses[-1]}" if statuses else "the channel cannot be reached"
        )


def opened(address: str, message: Message) -> Any:
    """What apprise makes of an address; raises PermanentError if nothing.

    An address with several targets is refused but for e-mail: where one of them fails, the others
    would get the message again.
    """
    import apprise

    full = with_ids(address, message.incident, message.name)
    with _told():
        plugin = apprise.Apprise.instantiate(full, suppress_exceptions=True)
    if plugin is None:
        raise PermanentError("apprise cannot read the address; see its documentation")
    if scheme(address) not in MAILS and len(plugin) > 1:
        raise PermanentError("the address has several targets; make a route of each")
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    return plugin


_TALKING = ("apprise", "urllib3.connectionpool")
"""Loggers that tell addresses, at their lowest levels."""


@contextmanager
def _told() -> Iterator[list[str]]:
    """What apprise and its connections log in this thread meanwhile, which goes nowhere else."""
    told: list[str] = []
    own = threading.get_ident()

    def kept(record: logging.LogRecord) -> bool:
        if record.thread != own:
            return True
        told.append(record.getMessage())
        return False

    loggers = [logging.getLogger(name) for name in _TALKING]
    for logger in loggers:
        logger.addFilter(kept)
    try:
        yield told
    finally:
        for logger in loggers:
            logger.removeFilter(kept)
