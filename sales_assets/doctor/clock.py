"""This machine's clock beside that of a service.

Belongs here: how far they may differ. Does not: asking the service for its time.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sales_assets.doctor.findings import Finding, ok, problem

FAR_APART = 30.0
"""Seconds. Snowflake refuses the token of a sign-in that seems older than 60 s
(https://docs.snowflake.com/en/user-guide/key-pair-auth-troubleshooting), S3 a request that seems
older than 15 minutes; half of the shorter one leaves room."""


def compared(service: str, theirs: datetime, before: datetime) -> Finding:
    """Their time, which was asked for at `before` and has just arrived; both are aware."""
    now = datetime.now(UTC)
    # Their clock was read at some time in between.
    apart = max((before - theirs).total_seconds(), (theirs - now).total_seconds(), 0.0)
    if apart <= FAR_APART:
        return ok(f"clock of {service}", f"within {apart:.0f} s of this machine's")
    ahead = "ahead of" if before > theirs else "behind"
    return problem(
        f"clock of {service}",
        f"this machine's clock is {apart:,.0f} s {ahead} it",
        "set the clock, best by NTP: sign-ins and signed requests are refused",
    )
