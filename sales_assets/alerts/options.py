"""The settings of alerts.

Belongs here: their names, types and defaults; `settings.Settings` has them among its own. Does
not: reading the environment (`settings`), or the routes of teams (`platform.teams`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from sales_assets.alerts.hours import daily_text, quiet_text

QuietText = Annotated[str | None, AfterValidator(quiet_text)]
DailyText = Annotated[str | None, AfterValidator(daily_text)]


class AlertOptions(BaseModel):
    """The settings of alerts."""

    alerts_url: SecretStr | None = Field(
        default=None,
        description="Where alerts go that no team's route and no contract's channel takes: one or "
        "more addresses as apprise writes them, with blanks between; default: the log.",
    )
    alerts_smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for the e-mail channels of contracts, as apprise writes it: "
        "mailtos://user:password@smtp.example.com?from=alerts@example.com.",
    )
    alerts_quiet: QuietText = Field(
        default=None,
        description="When warnings wait, like 22:00-07:00 Europe/Berlin; a route of a team may "
        "say otherwise. Errors do not wait.",
    )
    alerts_digest: DailyText = Field(
        default=None,
        description="When the addresses of ALERTS_URL are told daily what is open, what opened "
        "and what recovered, like 07:30 Europe/Berlin; default: never.",
    )
    alerts_escalate_after: int = Field(
        default=3, ge=1, description="Failures in a row after which a warning becomes an error."
    )
    alerts_daemon_seconds: float = Field(
        default=300.0, gt=0, description="How old the daemon's sign of life may be."
    )
    alerts_answer_seconds: float = Field(
        default=20.0,
        gt=0,
        description="How long the database, the object store, the workers, the webserver or a "
        "code server may take to answer.",
    )
    alerts_hold_seconds: float = Field(
        default=900.0,
        ge=0,
        description="How long the alert of anything else waits that fails while one of these does "
        "not answer, or just after: it is not sent if it is right again by then.",
    )
    alerts_webserver_url: str | None = Field(
        default=None,
        pattern="^https?://[^@]+$",
        description="Where `alerts watch` asks whether the webserver answers, like "
        "http://127.0.0.1:3000; default: it does not ask.",
    )
