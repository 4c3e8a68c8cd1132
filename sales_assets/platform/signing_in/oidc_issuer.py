"""What an OIDC issuer says of itself.

Belongs here: fetching that, keeping it, and refusing what is not its own. Does not: the flow
(`oidc`).
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import Any

from sales_assets.errors import TransientError
from sales_assets.platform.options import SAFE_URL
from sales_assets.platform.signing_in.fetching import fetch_json
from sales_assets.platform.signing_in.signing_keys import IssuerKeys

_KEPT_SECONDS = 3600.0
_BETWEEN_SECONDS = 10.0


@dataclass(frozen=True)
class About:
    """An issuer's addresses."""

    authorization: str
    token: str
    keys: IssuerKeys
    says_iss: bool
    """Whether its answers name it (RFC 9207), against one issuer's answer sent as another's."""


class Issuer:
    """An issuer that is asked when it is needed; what it said is kept for an hour."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._about: About | None = None
        self._asked: float | None = None
        self._got = 0.0

    def about(self) -> About:
        """What it says; TransientError if it was never reached."""
        with self._lock:
            now = time.monotonic()
            old = self._about is None or now - self._got >= _KEPT_SECONDS
            if old and (self._asked is None or now - self._asked >= _BETWEEN_SECONDS):
                self._asked = now
                self._ask(now)
            if self._about is None:
                raise TransientError(f"{self.address}: the issuer does not answer; try again")
            return self._about

    def _ask(self, now: float) -> None:
        address = f"{self.address.rstrip('/')}/.well-known/openid-configuration"
        try:
            self._about, self._got = self._read(fetch_json(address)), now
        except (OSError, ValueError) as error:
            if self._about is None:
                raise TransientError(f"{address}: {error}") from error

    def _read(self, found: dict[str, Any]) -> About:
        if found.get("issuer") != self.address:
            raise ValueError("is about another issuer")
        places = [
            str(found.get(name, ""))
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        ]
        if not all(re.match(SAFE_URL, place.partition("?")[0]) for place in places):
            raise ValueError("has an address that is missing or not secure")
        keys = self._about.keys if self._about else None
        return About(
            authorization=places[0],
            token=places[1],
            keys=keys if keys and keys.uri == places[2] else IssuerKeys(places[2]),
            says_iss=found.get("authorization_response_iss_parameter_supported") is True,
        )
