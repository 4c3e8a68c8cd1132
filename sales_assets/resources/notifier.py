"""The notifier: how a message reaches a person.

Belongs here: the interface, and the one that writes to the log. Does not: when to tell
(`automation`).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

import dagster as dg

_log = logging.getLogger("sales_assets.notifier")


class Notifier(dg.ConfigurableResource[Any], ABC):
    """Somewhere to send messages."""

    @abstractmethod
    def notify(self, title: str, text: str) -> None:
        """Send one message."""


class LogNotifier(Notifier):
    """Writes messages to the log, where a laptop's user looks."""

    def notify(self, title: str, text: str) -> None:
        """Log the message as an error."""
        _log.error("%s\n%s", title, text)
