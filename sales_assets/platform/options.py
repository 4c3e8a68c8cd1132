"""The settings of an installation that many teams share.

Belongs here: their names, types and defaults; `settings.Settings` has them among its own. Does
not: reading the environment (`settings`), or what teams may do (`teams`).
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr, field_validator

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Ways of signing a JWT whose key for checking can be public."""
_HEADER = r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$"
SAFE_URL = r"^(https://[^@\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^@\s?#]*)?)$"
"""What is believed without a signature comes over TLS, or from this machine."""


class Part(StrEnum):
    """What a code location holds."""

    EVERYTHING = "everything"
    SOURCES = "sources"
    SHARED = "shared"


SHORTEST_KEY = 32
"""Characters: whoever has a row of a log can try shorter ones."""
_AUDIT_DATABASES = ("postgresql://", "postgresql+psycopg2://", "sqlite:///")


class PlatformOptions(BaseModel):
    """The settings of a shared installation."""

    teams_file: Path | None = Field(
        default=None, description="teams.yaml: who shares the installation, and their rights."
    )
    part: Part = Field(
        default=Part.EVERYTHING,
        description="What a code location holds: everything, the sources of one team (sources), "
        "or what stands above all teams (shared).",
    )
    team: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="The team whose sources a code location holds, with PART=sources.",
    )
    concurrent_runs: int = Field(
        default=4,
        ge=1,
        description="Runs that may be under way at a time on a shared installation, of all teams; "
        "written into a new dagster.yaml.",
    )
    deploy_start_seconds: float = Field(
        default=300.0, gt=0, description="How long a new code server may take until it answers."
    )
    deploy_build_seconds: float = Field(
        default=1800.0,
        gt=0,
        description="How long Git, or making a virtual environment, may take in a deployment.",
    )
    deploy_grace_seconds: float = Field(
        default=90.0,
        ge=0,
        description="How long a replaced code server still takes runs: the daemon looks for a new "
        "one every 60 seconds.",
    )
    deploy_drain_seconds: float = Field(
        default=3600.0,
        ge=0,
        description="How long a deployment waits for the runs of a replaced code server; then it "
        "leaves, and the server ends by itself after its last run.",
    )
    deploy_keep_releases: int = Field(
        default=5, ge=2, description="Releases of a team that are kept, to roll back to."
    )
    audit_url: SecretStr | None = Field(
        default=None,
        description="Database of the audit log, a SQLAlchemy address of PostgreSQL or SQLite; "
        "default: Dagster's PostgreSQL, or else audit.sqlite in platform in the home.",
    )
    audit_key: SecretStr | None = Field(
        default=None,
        description="Key that seals the audit log, of 32 characters or more; default: audit.key in "
        "platform in the home, which is made on one machine.",
    )
    audit_old_keys: SecretStr | None = Field(
        default=None,
        description="Keys that sealed the audit log before, with commas between them.",
    )

    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.-]+(:\d+)?$",
        description="Address under which browsers reach the webserver, like "
        "https://dagster.example.com; default: what each request says.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses of proxies whose X-Forwarded-* headers are believed, like "
        "10.0.0.0/8,192.0.2.7.",
    )
    proxy_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="What such a proxy sends to show that it is one; with it, and only with it, "
        "the proxy says who has signed in.",
    )
    proxy_secret_header: str = Field(
        default="X-Proxy-Secret", pattern=_HEADER, description="The header of that secret."
    )
    proxy_user_header: str = Field(
        default="X-Auth-Request-Email",
        pattern=_HEADER,
        description="The header in which the proxy says who has signed in.",
    )
    proxy_groups_header: str = Field(
        default="X-Auth-Request-Groups",
        pattern=_HEADER,
        description="The header of their groups, with commas between.",
    )
    jwt_issuer: str | None = Field(
        default=None, description="Issuer (iss) of the JWTs that are taken as bearer tokens."
    )
    jwt_audience: str | None = Field(
        default=None, description="Audience (aud) that those JWTs must have."
    )
    jwt_keys_url: str | None = Field(
        default=None, pattern=SAFE_URL, description="Address of the issuer's keys (JWKS)."
    )
    jwt_keys_file: Path | None = Field(
        default=None, description="File of the issuer's keys (JWKS), where there is no address."
    )
    jwt_algorithms: str = Field(
        default="RS256,ES256",
        description=f"How they may be signed, with commas between: {', '.join(ASYMMETRIC)}.",
    )
    jwt_needs_nbf: bool = Field(
        default=True,
        description="Whether a JWT has to say from when it is valid (nbf); some issuers never do.",
    )
    jwt_leeway_seconds: int = Field(
        default=30, ge=0, le=300, description="How far the clocks of issuer and webserver differ."
    )
    claim_of_name: str = Field(
        default="email", description="The claim of a JWT, or of OIDC, that is a person's name."
    )
    claim_needs_verified_email: bool = Field(
        default=True,
        description="Whether email_verified has to be there if that claim is `email`; some issuers "
        "never send it. Where it says no, nobody signs in either way.",
    )
    claim_of_groups: str = Field(default="groups", description="The claim of their groups.")
    oidc_issuer: str | None = Field(
        default=None,
        pattern=SAFE_URL,
        description="Issuer that people sign in at in the browser; needs the extra `oidc`.",
    )
    oidc_client_id: str | None = Field(
        default=None, description="What the webserver is called at that issuer."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Its secret there; none for a public client."
    )
    oidc_scopes: str = Field(
        default="openid email profile",
        pattern=r"^openid( |$)",
        description="What is asked for at that issuer.",
    )
    tokens_file: Path | None = Field(
        default=None,
        description="File of the tokens of machines and people; default: platform/tokens.yaml in "
        "the home.",
    )
    session_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="What session cookies are signed with; default: platform/session.key in the "
        "home, which is made at random.",
    )
    session_hours: float = Field(
        default=8.0, gt=0, le=168, description="Hours after which everybody signs in again."
    )
    sign_in_attempts: int = Field(
        default=10,
        ge=1,
        description="Failed sign-ins of one name or address before the next one has to wait.",
    )
    sign_in_minutes: int = Field(
        default=5, ge=1, description="The minutes in which those are counted."
    )
    request_megabytes: int = Field(
        default=10, ge=1, description="How large a request to the webserver may be."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        for part in filter(None, text.split(",")):
            ip_network(part.strip())
        return text

    @field_validator("jwt_algorithms")
    @classmethod
    def _asymmetric(cls, text: str) -> str:
        """HS256 would make everybody who may check a JWT one who can issue it."""
        wrong = [name for name in text.split(",") if name.strip() not in ASYMMETRIC]
        if wrong:
            raise ValueError(f"{wrong[0].strip()!r} is none of {', '.join(ASYMMETRIC)}")
        return text

    @field_validator("audit_url")
    @classmethod
    def _of_a_log(cls, url: SecretStr | None) -> SecretStr | None:
        text = "" if url is None else url.get_secret_value()
        if url is not None and not text.startswith(_AUDIT_DATABASES):
            raise ValueError(f"has to begin with {' or '.join(_AUDIT_DATABASES)}")
        return url

    @field_validator("audit_key", "audit_old_keys")
    @classmethod
    def _long_enough(cls, keys: SecretStr | None) -> SecretStr | None:
        every = [] if keys is None else keys.get_secret_value().split(",")
        if any(len(key.strip()) < SHORTEST_KEY for key in every):
            raise ValueError(
                f"a key has {SHORTEST_KEY} characters or more; `openssl rand -hex 32` writes one"
            )
        return keys
