"""Messages of alerts that no channel has taken yet, and channels that fail.

Belongs here: counting them, and since when they are due. Does not: sending (`alerts`). No message
is given up before three months, so what fails is among those that wait.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.alerts.book import WAITING
from sales_assets.alerts.build import team_channels
from sales_assets.alerts.tables import CHANNELS, MESSAGES
from sales_assets.metrics.known import Known
from sales_assets.metrics.observed import Observed
from sales_assets.platform.queue.stamps import NO_TEAM

_STATES = ("quiet", "due", "refused")
_LABELS = ["team", "channel"]


class AlertMessages:
    """Two statements; their rows are channels, and they look at messages that wait, by an index."""

    name = "alert_messages"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """Five series for each channel of teams.yaml and the settings, and each that has news."""
        now = time.time()
        with self._observed.state.connect() as connection:
            rows = {row.channel: row for row in connection.execute(_waiting(now))}
            failures = {row.name: row.failures for row in connection.execute(CHANNELS.select())}
        known, of_teams = self._observed.known(), team_channels(self._observed.teams())
        messages = GaugeMetricFamily(
            "sales_assets_alert_messages_waiting",
            "Messages of alerts that their channel has not taken yet: quiet ones are due after the "
            "quiet hours, refused ones were tried at least once.",
            labels=[*_LABELS, "state"],
        )
        ages = GaugeMetricFamily(
            "sales_assets_alert_oldest_message_age_seconds",
            "How long the oldest message for a channel has been due, or if it was refused has been "
            "there; 0 if none is.",
            labels=_LABELS,
        )
        failing = GaugeMetricFamily(
            "sales_assets_alert_channel_failures",
            "How often in a row a channel has failed to take a message.",
            labels=_LABELS,
        )
        for channel in sorted({*of_teams, *self._observed.channels, *rows, *failures}):
            labels = [of_teams.get(channel) or _team(channel, known), channel]
            row = rows.get(channel)
            for state in _STATES:
                messages.add_metric([*labels, state], row._mapping[state] if row else 0)
            ages.add_metric(labels, max(0.0, now - row.since) if row else 0.0)
            failing.add_metric(labels, failures.get(channel, 0))
        yield from (messages, ages, failing)


def _waiting(now: float) -> sa.Select[Any]:
    """The messages that wait, by channel; a message that was refused has no other time left."""
    c = MESSAGES.c
    refused, quiet = c.attempts > 0, sa.and_(c.attempts == 0, c.not_before > now)
    due = sa.and_(c.attempts == 0, c.not_before <= now)
    return (
        sa.select(
            c.channel,
            *(
                sa.func.sum(sa.case((which, 1), else_=0)).label(state)
                for state, which in zip(_STATES, (quiet, due, refused), strict=True)
            ),
            sa.func.min(sa.case((refused, c.put_at), else_=c.not_before)).label("since"),
        )
        .where(c.state == WAITING)
        .group_by(c.channel)
    )


def _team(channel: str, known: Known) -> str:
    """Whose a channel is that is in no file of teams: of a contract, or nobody's."""
    owner = channel.rpartition(".")[0]
    if owner in known.sources:
        return known.sources[owner].team
    team = owner.partition("/")[0]
    return team if team in known.teams else NO_TEAM
