"""Trying a route.

Belongs here: sending a test message, past the outbox. Does not: anything about incidents.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sales_assets.alerts.outbox import Message, Sender
from sales_assets.alerts.problems import Severity
from sales_assets.alerts.routes import LOG, Route
from sales_assets.alerts.sending import send as send_by_apprise
from sales_assets.alerts.wording import Wording
from sales_assets.errors import UsageError


def send_test(route: Route, wording: Wording, send: Sender = send_by_apprise) -> None:
    """Send a test message; raises a SalesAssetsError if the channel did not take it."""
    if route.name == LOG:
        raise UsageError(
            "nothing is sent: alerts go to the log; set SALES_ASSETS_ALERTS_URL to have them sent"
        )
    text, number = wording.test(route.name), uuid.uuid4().hex
    send(
        route.address(),
        Message(
            number=0,
            name=f"{number}:test:{route.name}",
            incident=number,
            kind="test",
            channel=route.name,
            severity=Severity.WARNING,
            title=text.title,
            text=text.text,
            attempts=1,
            lease="",
            put_at=datetime.now(UTC),
        ),
    )
