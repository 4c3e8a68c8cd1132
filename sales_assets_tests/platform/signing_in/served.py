"""A small application behind the sign-in, over real HTTP, and keys and issuers for it.

Belongs here: serving, asking, an auditor that remembers. Does not: any expectation.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from sales_assets.platform.audit.entries import Intent, Outcome
from sales_assets.platform.signing_in.build import SigningIn
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import Settings
from sales_assets_tests.platform.small import TEAMS

CLOSED = TEAMS.replace("signed_in: viewer", "signed_in: none")
"""Teams to which who signs in and is in none of them has no rights."""
PAGE = {"Accept": "text/html,*/*"}


@dataclass
class Recorder:
    """An auditor that remembers."""

    intents: list[Intent] = field(default_factory=list)
    ends: dict[int, tuple[Outcome, str]] = field(default_factory=dict)

    def intend(self, intent: Intent) -> int:
        self.intents.append(intent)
        return len(self.intents) - 1

    def conclude(self, number: int, outcome: Outcome, detail: str = "") -> None:
        self.ends[number] = (outcome, detail)

    def entries(self, first: int = 0) -> list[tuple[str, str, str, str]]:
        """Operation, way, name and outcome of each, from the `first`."""
        return [
            (intent.operation, intent.target, intent.user, str(self.ends[number][0]))
            for number, intent in enumerate(self.intents[first:], first)
        ]


@dataclass
class Served:
    """A server with an application behind the sign-in."""

    url: str
    settings: Settings
    signing_in: SigningIn
    recorder: Recorder
    teams: Path

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def tokens(self) -> TokensFile:
        return TokensFile(tokens_path(self.settings))

    def token(self, name: str = "vera@example.com", hours: float = 1) -> str:
        return self.tokens.create(name, timedelta(hours=hours))[1]

    def client(self, source: str = "127.0.0.1", **options: Any) -> httpx.Client:
        """A client that keeps cookies and follows nothing; `source` is its own address."""
        transport = httpx.HTTPTransport(local_address=source)
        return httpx.Client(base_url=self.url, transport=transport, timeout=20, **options)

    def get(self, path: str = "/x", source: str = "127.0.0.1", **options: Any) -> httpx.Response:
        with self.client(source) as client:
            return client.get(path, **options)

    def sign_in(self, client: httpx.Client, token: str, goes_to: str = "/") -> httpx.Response:
        return client.post(
            "/sign-in", data={"token": token, "next": goes_to}, headers={"Origin": self.url}
        )


async def _echo(connection: Request) -> Response:
    if connection.url.path == "/raises":
        raise RuntimeError("on purpose")
    if connection.url.path == "/framed":
        policy = "base-uri 'none'; script-src 'nonce-abc' 'strict-dynamic'"
        return HTMLResponse("<p>Dagster</p>", headers={"Content-Security-Policy": policy})
    size = len(await connection.body())
    return JSONResponse({**_seen(connection), "size": size})


async def _echo_socket(socket_: WebSocket) -> None:
    await socket_.accept()
    await socket_.send_text(json.dumps(_seen(socket_)))
    async for text in socket_.iter_text():
        await socket_.send_text(text)


def _seen(connection: HTTPConnection) -> dict[str, Any]:
    user = connection.user
    return {
        "name": user.name,
        "groups": sorted(user.groups),
        "way": user.way,
        "address": connection.state.address,
        "request_id": connection.state.request_id,
        "url": str(connection.url),
        "headers": dict(connection.headers),
    }


@contextmanager
def running(app: ASGIApp, **options: Any) -> Iterator[str]:
    """The address of an application on a free port of loopback."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def served(home: Path, teams: str = TEAMS, **settings: Any) -> Iterator[Served]:
    """The application with some settings; anybody could sign in with a token."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "teams.yaml"
    file.write_text(teams)
    made = Settings(home=home, **settings)
    tokens = tokens_path(made)
    if not tokens.exists():
        TokensFile(tokens).create("machine:first", timedelta(hours=1))
    recorder = Recorder()
    signing_in = SigningIn.of(made, TeamsFile(file), recorder)
    app = Starlette(
        middleware=signing_in.middleware,
        routes=[
            *signing_in.routes,
            WebSocketRoute("/{path:path}", _echo_socket),
            Route("/{path:path}", _echo, methods=["GET", "POST"]),
        ],
    )
    try:
        with running(app, **signing_in.uvicorn_options) as url:
            yield Served(url, made, signing_in, recorder, file)
    finally:
        signing_in.close()


@dataclass(frozen=True)
class Key:
    """An issuer's key."""

    kid: str = "one"
    private: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    def jwk(self) -> dict[str, Any]:
        found = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**found, "kid": self.kid, "use": "sig"}

    def sign(self, claims: dict[str, Any], **headers: Any) -> str:
        return jwt.encode(claims, self.private, "RS256", {"kid": self.kid, **headers})


def usual_claims(**changed: Any) -> dict[str, Any]:
    """Claims that are as they should be, but for those that are given; None leaves one out."""
    now = int(time.time())
    claims = {
        "iss": "https://issuer.example",
        "aud": "sales",
        "sub": "1",
        "email": "vera@example.com",
        "email_verified": True,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}
