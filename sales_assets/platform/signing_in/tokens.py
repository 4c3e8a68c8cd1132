"""Way 3: tokens of machines and people, and the file that has them.

Belongs here: making, finding, revoking tokens. Does not: where a request has one (`bearer`,
`pages`). The file has a SHA-256 of each secret: it is random and long, so no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import yaml
from filelock import FileLock
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from sales_assets.errors import UsageError
from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.names import person_name
from sales_assets.platform.signing_in.ways import RefusedError, SignedIn
from sales_assets.platform.teams import MACHINE
from sales_assets.resources.files import whole
from sales_assets.settings import Settings

WAY = "token"
BEGINS = "sa_"
_TOKEN = re.compile(rf"{BEGINS}([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")
_MACHINE = re.compile(rf"{MACHINE}[a-z0-9][a-z0-9_.-]{{0,62}}")
_NOBODY = hashlib.sha256(b"").hexdigest()
"""What a token without an entry is compared with, so that it takes as long as any other."""
_LOCK_SECONDS = 10.0
_log = logging.getLogger("sales_assets")


def _may_own(name: str) -> bool:
    """Whether it is the name of a machine or a person, and of no group."""
    try:
        return bool(_MACHINE.fullmatch(name)) or ("@" in name and person_name(name) == name)
    except ValueError:
        return False


class Token(BaseModel):
    """What is kept of a token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern="^[0-9a-f]{12}$")
    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    created: AwareDatetime
    expires: AwareDatetime

    @field_validator("name")
    @classmethod
    def _of_somebody(cls, name: str) -> str:
        if not _may_own(name):
            raise ValueError("is neither machine:NAME nor a person's e-mail address")
        return name

    @property
    def counts(self) -> bool:
        """Whether it has not expired."""
        return datetime.now(UTC) < self.expires


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    tokens: list[Token] = []


def tokens_path(settings: Settings) -> Path:
    """Where the tokens of an installation are."""
    return settings.tokens_file or settings.home / "platform" / "tokens.yaml"


def token_name(text: str) -> str:
    """The name of a token's owner; UsageError if it is neither a machine's nor a person's."""
    name = text.lower()
    if _may_own(name) and text.isascii():
        return name
    raise UsageError(
        f"{text!r} is no name for a token; write {MACHINE}NAME for a machine, or a person's e-mail "
        "address, as teams.yaml has them"
    )


def id_of(text: str) -> str | None:
    """The id in what may be a token; None if it is none."""
    found = _TOKEN.fullmatch(text)
    return found[1] if found else None


class TokensFile:
    """The tokens of a file that may change while a server runs."""

    def __init__(self, file: Path) -> None:
        """Read the file, if there is one; raises UsageError if it is wrong."""
        self.file = file
        self._seen = self._stamp()
        self._tokens = {token.id: token for token in self._read()}

    def current(self) -> dict[str, Token]:
        """The tokens by id, as the file has them now.

        If it has become wrong, none counts: it could have been a revocation that went wrong.
        """
        stamp = self._stamp()
        if stamp != self._seen:
            try:
                tokens = self._read()
            except UsageError as error:
                _log.error("No token counts: %s", error)
                tokens = []
            self._tokens = {token.id: token for token in tokens}
            self._seen = stamp
        return self._tokens

    def find(self, text: str) -> Token | None:
        """The entry of a token as its owner has it; None if it does not count."""
        parts = _TOKEN.fullmatch(text)
        entry = self.current().get(parts[1]) if parts else None
        told = hashlib.sha256((parts[2] if parts else text).encode()).hexdigest()
        right = hmac.compare_digest(told, entry.sha256 if entry else _NOBODY)
        return entry if entry is not None and right and entry.counts else None

    def holds(self, token_id: str) -> bool:
        """Whether the token of an id still counts."""
        entry = self.current().get(token_id)
        return entry is not None and entry.counts

    def claimed(self, text: str) -> str:
        """Whose token this claims to be, for the audit log."""
        token_id = id_of(text)
        if token_id is None:
            return "unknown"
        entry = self.current().get(token_id)
        return entry.name if entry else f"token:{token_id}"

    async def of_bearer(self, text: str) -> SignedIn:
        """Who has this token; raises RefusedError."""
        entry = self.find(text)
        if entry is None:
            raise RefusedError(WAY, "the token does not count", self.claimed(text))
        return SignedIn(Person(entry.name, way=WAY), False, lambda: self.holds(entry.id))

    def create(self, name: str, valid: timedelta) -> tuple[Token, str]:
        """Make a token; its entry, and the token itself, which nobody can find out again.

        Tokens that have expired leave the file.
        """
        now = datetime.now(UTC).replace(microsecond=0)
        token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        entry = Token(
            id=token_id,
            name=token_name(name),
            sha256=hashlib.sha256(secret.encode()).hexdigest(),
            created=now,
            expires=now + valid,
        )
        with self._alone():
            self._write([*(token for token in self._read() if token.counts), entry])
        return entry, f"{BEGINS}{token_id}_{secret}"

    def revoke(self, token_id: str) -> Token:
        """Take a token out of the file; UsageError if it is not there."""
        with self._alone():
            tokens = {token.id: token for token in self._read()}
            gone = tokens.pop(token_id, None)
            if gone is None:
                raise UsageError(
                    f"There is no token {token_id}; `sales-assets token list` shows their ids"
                )
            self._write(tokens.values())
        return gone

    def _alone(self) -> FileLock:
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(f"{self.file}.lock", timeout=_LOCK_SECONDS)

    def _read(self) -> list[Token]:
        try:
            text = self.file.read_text(encoding="utf-8")
            return _File.model_validate(yaml.safe_load(text)).tokens
        except FileNotFoundError:
            return []
        except (OSError, ValueError, yaml.YAMLError) as error:
            why = (
                "; ".join(
                    f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
                )
                if isinstance(error, ValidationError)
                else str(error)
            )
            raise UsageError(
                f"{self.file}: holds no tokens ({why}); put the last good one there, or remove it "
                "and make new tokens"
            ) from error

    def _write(self, tokens: Iterable[Token]) -> None:
        """Write the file for its owner alone."""
        kept = _File(version=1, tokens=list(tokens)).model_dump(mode="json")
        with whole(self.file) as unfinished:
            number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                yaml.safe_dump(kept, file, sort_keys=False)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
