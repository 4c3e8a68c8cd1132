"""The public keys of an issuer (JWKS), from its address or from a file.

Belongs here: fetching, keeping and finding them. Does not: checking a signature (`jwts`).
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWKClientError, PyJWTError

from sales_assets.errors import UsageError
from sales_assets.platform.signing_in.fetching import fetch_json

_log = logging.getLogger("sales_assets")
_KEPT_SECONDS = 3600.0
_BETWEEN_SECONDS = 60.0
"""Nobody makes us ask an issuer more often, whatever key ids they invent."""


class IssuerKeys(PyJWKClient):
    """Keys that are fetched from an address.

    While the address does not answer, the keys that are known stay in force.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address, lifespan=_KEPT_SECONDS, cooldown_duration=_BETWEEN_SECONDS)
        self._known: dict[str, Any] | None = None
        self._asked: float | None = None

    def fetch_data(self) -> Any:
        """The keys now, or those from before; PyJWKClientError if there are none."""
        now = time.monotonic()
        if self._asked is None or now - self._asked >= _BETWEEN_SECONDS:
            self._asked = now
            try:
                found = fetch_json(self.uri)
                PyJWKSet.from_dict(found)
                self._known = found
            except (OSError, ValueError, PyJWTError) as error:
                _log.error("%s: no keys of the issuer (%s)", self.uri, error)
        if self._known is None:
            raise PyJWKClientError("the issuer's keys could not be fetched yet")
        return self._known


class FileKeys:
    """Keys that a file has; it is read once."""

    def __init__(self, file: Path) -> None:
        """Read the file; raises UsageError if it has no keys."""
        try:
            self._keys = PyJWKSet.from_dict(json.loads(file.read_text(encoding="utf-8"))).keys
        except (OSError, ValueError, AttributeError, PyJWTError) as error:
            raise UsageError(
                f"{file}: holds no keys (JWKS); get it from the issuer ({error})"
            ) from error

    def get_signing_key(self, kid: str) -> PyJWK:
        """The key of an id; PyJWKClientError if there is none."""
        found = [
            key for key in self._keys if key.key_id == kid and key.public_key_use in {"sig", None}
        ]
        if not found:
            raise PyJWKClientError("the file has no such key")
        return found[0]


Keys = IssuerKeys | FileKeys
