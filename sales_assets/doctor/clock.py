"""This machine's clock beside that of a service.

Belongs here: how far they may differ. Does not: asking the service for its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sales_assets.doctor.findings import Finding, ok, problem, warning

FAR_APART = 30.0
"""Seconds by which clocks may differ without a remark; with NTP they do by less than one."""


@dataclass(frozen=True)
class Clock:
    """A service's, and how many seconds it may be away before the service refuses what it gets."""

    service: str
    refuses_after: float | None = None


SNOWFLAKE = Clock("Snowflake", 60.0)
"""The token of a sign-in is valid for so long
(https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting)."""
S3 = Clock("S3", 900.0)
"""RequestTimeTooSkewed (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html)."""
POSTGRESQL = Clock("PostgreSQL")


def compared(clock: Clock, theirs: datetime, before: datetime) -> Finding:
    """Their time, which was asked for at `before` and has just arrived; both are aware."""
    now = datetime.now(UTC)
    # Their clock was read at some time in between.
    apart = max((before - theirs).total_seconds(), (theirs - now).total_seconds(), 0.0)
    name = f"clock of {clock.service}"
    if apart <= FAR_APART:
        return ok(name, f"within {apart:.0f} s of this machine's")
    ahead = "ahead of" if before > theirs else "behind"
    told = f"this machine's clock is {apart:,.0f} s {ahead} it"
    if clock.refuses_after is not None and apart > clock.refuses_after / 2:
        what = f"{clock.service} refuses whom it seems more than {clock.refuses_after:.0f} s off"
        return problem(name, told, f"set the clock, best by NTP: {what}")
    return warning(name, told, "set the clock, best by NTP: days, leases and retries go by it")
