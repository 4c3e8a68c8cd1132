"""Whether a request comes from one of our own pages.

Belongs here: what the browser says of that, and our own address. Does not: when it matters
(`gate`, `pages`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


class Sender(Enum):
    """Whose page a request comes from, as the browser says."""

    OWN = "own"
    FOREIGN = "foreign"
    UNSAID = "unsaid"
    """By what is no browser: each one says it for POST and for websockets."""


@dataclass(frozen=True)
class Site:
    """The webserver as browsers see it; `public_url` is its address, if it is set."""

    public_url: str | None

    def is_https(self, connection: HTTPConnection) -> bool:
        """Whether the browser has a secure connection."""
        if self.public_url is not None:
            return self.public_url.startswith("https://")
        return connection.scope["scheme"] in {"https", "wss"}

    def sender(self, connection: HTTPConnection) -> Sender:
        """Whose page it comes from.

        Without a public address the hosts are compared and not the schemes: a proxy that ends
        TLS need not tell.
        """
        headers = connection.headers
        origins, fetched = headers.getlist("origin"), headers.getlist("sec-fetch-site")
        if not origins and not fetched:
            return Sender.UNSAID
        own = all(self._is_own(origin, connection) for origin in origins) and all(
            site in {"same-origin", "none"} for site in fetched
        )
        return Sender.OWN if own and len(origins) <= 1 else Sender.FOREIGN

    def _is_own(self, origin: str, connection: HTTPConnection) -> bool:
        if self.public_url is not None:
            return origin.lower() == self.public_url.lower()
        scheme, _, host = origin.lower().partition("://")
        hosts = connection.headers.getlist("host")
        return (scheme in {"http", "https"} and hosts == [host]) or self._default(
            origin, connection
        )

    @staticmethod
    def _default(origin: str, connection: HTTPConnection) -> bool:
        """Whether they are equal but for the port that the scheme has anyway."""
        try:
            said = urlsplit(origin)
            own = urlsplit(f"//{connection.headers.get('host', '')}")
            usual = {"http": 80, "https": 443}.get(said.scheme)
            return (
                usual is not None
                and origin.count("/") == 2
                and "@" not in origin
                and said.hostname is not None
                and (said.hostname, said.port or usual) == (own.hostname, own.port or usual)
            )
        except ValueError:
            return False
