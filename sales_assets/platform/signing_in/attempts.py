"""How often somebody may try to sign in.

Belongs here: counting failures by address and by name. Does not: what is a failure.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_network

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from sales_assets.platform.signing_in.proxies import read_address


class Attempts:
    """Failures in the last minutes, of this process."""

    def __init__(self, attempts: int, minutes: int) -> None:
        self._item = RateLimitItemPerMinute(attempts, minutes)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def wait(self, what: str, keys: Sequence[str]) -> int | None:
        """Seconds until the next attempt may be made; None if now."""
        over = [key for key in keys if not self._window.test(self._item, what, key)]
        if not over:
            return None
        ends = max(self._window.get_window_stats(self._item, what, key).reset_time for key in over)
        return max(1, math.ceil(ends - time.time()))

    def failed(self, what: str, keys: Sequence[str]) -> bool:
        """Count a failure; whether it was within the limit for all keys."""
        counted = [self._window.hit(self._item, what, key) for key in keys]
        return all(counted)


def by_address(address: str) -> str:
    """The key of an address: with IPv6 one customer has a network of 64 bits."""
    try:
        found = read_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return str(found)
