"""Addresses of channels, as apprise writes them.

Belongs here: which are taken, the ones of contracts, and ids by which a channel knows a message
again. Does not: sending (`sending`), or whose an address is (`build`). No message of an error
holds an address.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from sales_assets.errors import PermanentError

MAILS = frozenset({"mailto", "mailtos"})
_IDS = {
    "pagerduty": {"dedup": "{incident}", "action": "map"},
    "opsgenie": {"alias": "{incident}", "action": "map"},
    **{
        kind: {"+Idempotency-Key": "{name}"}
        for kind in ("json", "jsons", "xml", "xmls", "form", "forms")
    },
}
"""Which parameters of an address say which message it is.

PagerDuty and Opsgenie end by it what they began; `map` has them do so when something recovered."""
_EMAIL = re.compile(r"[^@\s:/?#,<>]+@[^@\s:/?#,<>]+")


def scheme(address: str) -> str:
    """What an address begins with, in small letters."""
    return address.partition("://")[0].lower() if "://" in address else ""


def with_ids(address: str, incident: str, name: str) -> str:
    """The address with the ids of a message, where the channel has a place for them."""
    ids = _IDS.get(scheme(address))
    if ids is None:
        return address
    told = {name for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True)}
    more = "&".join(
        f"{key}={quote(value.format(incident=incident, name=name), safe='')}"
        for key, value in ids.items()
        if key not in told
    )
    return f"{address}{'&' if '?' in address else '?'}{more}" if more else address


def of_support(tool: str, channel: str, smtp: str | None) -> str | None:
    """The address of a contract's channel; None for one that nothing can be sent to.

    An e-mail address goes by the installation's mail server. Anything else has to be an address of
    apprise, or one of the web that it knows (Slack's and Teams' webhooks). A channel's name alone
    is for people.
    """
    email = channel.removeprefix("mailto:").partition("?")[0]
    if tool == "email" or channel.startswith("mailto:"):
        if smtp is None or not _EMAIL.fullmatch(email):
            return None
        return f"{smtp}{'&' if '?' in smtp else '?'}{urlencode({'to': email})}"
    return channel if scheme(channel) else None


def checked(address: str, what: str) -> str:
    """The address, if it looks like one; raises PermanentError, which names `what`, if not."""
    if not scheme(address):
        raise PermanentError(
            f"{what} is no address of apprise; write it like mailtos://..., slack://... or "
            "https://hooks.slack.com/..."
        )
    return address
