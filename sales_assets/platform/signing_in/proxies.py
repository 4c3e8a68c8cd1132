"""Way 1: a proxy in front of the webserver says who has signed in.

Belongs here: which proxies are believed, and what they say of a person. Does not: what they say of
the connection (`arrival`).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from starlette.requests import HTTPConnection

from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.headers import single
from sales_assets.platform.signing_in.names import group_names, person_name
from sales_assets.platform.signing_in.ways import RefusedError, SignedIn, claimed
from sales_assets.settings import Settings

WAY = "proxy"


class Secret(Enum):
    """What a request has of the proxies' secret."""

    NONE = "none"
    RIGHT = "right"
    WRONG = "wrong"


def read_address(text: str) -> IPv4Address | IPv6Address:
    """An address; one of IPv4 that is written as one of IPv6 is what it is.

    Raises ValueError if it is none.
    """
    found = ip_address(text)
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@dataclass(frozen=True)
class Proxies:
    """The proxies that are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    secret: bytes | None
    secret_header: str
    user_header: str
    groups_header: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the settings; there may be none."""
        parts = filter(None, settings.trusted_proxies.split(","))
        secret = settings.proxy_secret
        return cls(
            networks=tuple(ip_network(part.strip()) for part in parts),
            secret=secret.get_secret_value().encode() if secret else None,
            secret_header=settings.proxy_secret_header.lower(),
            user_header=settings.proxy_user_header.lower(),
            groups_header=settings.proxy_groups_header.lower(),
        )

    @property
    def say_who(self) -> bool:
        """Whether they may say who has signed in."""
        return bool(self.networks) and self.secret is not None

    @property
    def headers(self) -> frozenset[str]:
        """The headers that are theirs alone."""
        return frozenset({self.secret_header, self.user_header, self.groups_header})

    def among(self, address: str) -> bool:
        """Whether an address is one of theirs."""
        try:
            found = read_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)

    def secret_of(self, connection: HTTPConnection) -> Secret:
        """What a request has of the secret; ValueError if its header is there twice, say."""
        said = single(connection.headers, self.secret_header)
        if said is None or self.secret is None:
            return Secret.NONE
        right = hmac.compare_digest(said.encode("latin-1"), self.secret)
        return Secret.RIGHT if right else Secret.WRONG

    def vouch(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from one of them, by its address and, if there is one, secret."""
        peer = connection.client
        if peer is None or not self.among(peer.host):
            return False
        try:
            return self.secret is None or self.secret_of(connection) is Secret.RIGHT
        except ValueError:
            return False


@dataclass(frozen=True)
class ProxyWay:
    """People whom a proxy has signed in."""

    proxies: Proxies

    async def signed_in(self, connection: HTTPConnection) -> SignedIn | None:
        """The person whom the proxy names."""
        name = claimed(connection.headers.get(self.proxies.user_header))
        try:
            secret = self.proxies.secret_of(connection)
            user = single(connection.headers, self.proxies.user_header)
            groups = single(connection.headers, self.proxies.groups_header)
        except ValueError as error:
            raise RefusedError(WAY, str(error), name) from error
        if secret is Secret.NONE:
            return None
        if secret is Secret.WRONG:
            raise RefusedError(WAY, "the secret is wrong", name)
        if not connection.state.from_proxy:
            raise RefusedError(WAY, "does not come from a proxy's address", name)
        if user is None and groups is None:
            return None  # the proxy passes on who has not signed in with it
        try:
            person = Person(person_name(user or ""), group_names((groups or "").split(",")), WAY)
        except ValueError as error:
            raise RefusedError(WAY, f"the name {error}", name) from error
        return SignedIn(person, ambient=True, holds=lambda: True)
