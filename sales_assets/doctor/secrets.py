"""What no finding may show.

Belongs here: which texts are secret, and hiding them. Does not: any check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pydantic import SecretStr

from sales_assets.doctor.findings import Finding
from sales_assets.settings import Settings, secrets_of_environment

HIDDEN = "***"
SHORTEST = 4
"""Characters: a shorter secret is hidden from what was found, but advice would become unreadable,
and has none."""
_SIGNED = re.compile(r"\b(sig|X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature)=[^&\s]+")
"""Parts of addresses that let whoever has them in, as the stores of Snowflake's stages use them."""


class Secrets:
    """The values of secret settings, of addresses their passwords, and of known variables."""

    def __init__(self, settings: Settings) -> None:
        values = [getattr(settings, name) for name in Settings.model_fields]
        texts = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        texts += [settings.catalogue_address, *secrets_of_environment()]
        parts = {part for text in texts for part in _parts(text)}
        self._parts = sorted(parts, key=len, reverse=True)  # one may hold another

    def hidden(self, finding: Finding) -> Finding:
        """The finding without them."""
        found = _SIGNED.sub(rf"\1={HIDDEN}", finding.found)
        to_do = finding.to_do
        for part in self._parts:
            found = found.replace(part, HIDDEN)
            if len(part) >= SHORTEST:
                to_do = to_do.replace(part, HIDDEN)
        return Finding(finding.check, finding.severity, found, to_do)


def _parts(text: str) -> Iterator[str]:
    """A text; of addresses only the passwords, before the host or in the query.

    As they are written and as they are meant. Celery takes several addresses, with semicolons.
    """
    if "://" not in text:
        yield from filter(None, [text])
        return
    for address in text.split(";"):
        for pattern in (r"://[^:/?#]*:([^?#]+)@", r"[?&][^=&]*pass[^=&]*=([^&]+)"):
            for found in re.findall(pattern, address):
                yield found
                yield unquote(found)
