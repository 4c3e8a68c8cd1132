"""Key pairs for signing in to the Snowflake stand-in."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write_private_key(path: Path, passphrase: str | None = None) -> None:
    """Make a private key; its file is for its owner's eyes."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    sealed: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        sealed = serialization.BestAvailableEncryption(passphrase.encode())
    path.touch(mode=0o600)
    path.write_bytes(
        made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
    )


def public_key(path: Path, passphrase: str | None = None) -> bytes:
    """The public key of a private one, as PEM."""
    password = passphrase.encode() if passphrase else None
    private = serialization.load_pem_private_key(path.read_bytes(), password)
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
