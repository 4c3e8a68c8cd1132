"""The public key of the user who signs in to Snowflake.

Belongs here: deriving it from the private key's file. Does not: signing in
(`resources.snowflake_account`). Nothing of the private key or its passphrase leaves this module.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import NamedTuple

from sales_assets.settings import read_secret


class PublicKey(NamedTuple):
    """A public key as Snowflake takes it (base64 of DER), or why there is none."""

    value: str | None
    problem: str = ""


def public_key_of(path: Path) -> PublicKey:
    """The public key of the private one in a file; the passphrase is that of the settings."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    passphrase = read_secret("snowflake_private_key_passphrase")
    try:
        content = path.read_bytes()
    except OSError as error:
        return PublicKey(None, f"the private key's file cannot be read ({error.strerror})")
    try:
        private = serialization.load_pem_private_key(
            content, passphrase.encode() if passphrase else None
        )
    except Exception:  # noqa: BLE001  # of many classes; what they say is not for a script
        return PublicKey(None, "the file is no private key that the passphrase opens")
    if not isinstance(private, rsa.RSAPrivateKey):
        return PublicKey(None, "the file holds no RSA key")
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(b64encode(public).decode("ascii"))
