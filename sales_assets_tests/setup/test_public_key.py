"""The public key in the script: derived, or its place marked; nothing secret is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sales_assets.settings import Settings
from sales_assets.setup.snowflake_script import snowflake_script
from sales_assets_tests.setup.script import NEEDED, statements
from sales_assets_tests.snowflake.keys import public_key, write_private_key


def test_the_public_key_is_that_of_the_private_one_and_nothing_secret_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passphrase = "planted passphrase"
    for sealed in (None, passphrase):
        path = tmp_path / f"{sealed}.p8"
        write_private_key(path, sealed)
        if sealed is None:
            monkeypatch.delenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", raising=False)
        else:
            monkeypatch.setenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", sealed)
        settings = Settings(**{**NEEDED, "snowflake_private_key_path": path})
        told, left = snowflake_script(settings)
        assert left == ""
        pem = "".join(public_key(path, sealed).decode().splitlines()[1:-1])
        assert f"SET RSA_PUBLIC_KEY = '{pem}';" in told
        assert "TO DO" not in told
        private = [line for line in path.read_text().splitlines() if "-----" not in line]
        assert not [line for line in [*private, passphrase, str(path)] if line in told]


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("missing", "cannot be read"),
        ("sealed", "no private key that the passphrase opens"),
        ("nonsense", "no private key that the passphrase opens"),
        ("elliptic", "no RSA key"),
    ],
)
def test_without_a_key_that_can_be_read_its_place_is_marked(
    tmp_path: Path, file: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "wrong and secret")
    path = tmp_path / "key.p8"
    if file == "sealed":
        write_private_key(path, "right and secret")
    if file == "nonsense":
        path.write_text("planted nonsense")
    if file == "elliptic":
        curve = ec.generate_private_key(ec.SECP256R1())
        pem = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(pem)
        monkeypatch.delenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE")
    settings = Settings(**{**NEEDED, "snowflake_private_key_path": path})
    told, left = snowflake_script(settings)
    assert why in left
    assert why in told
    assert statements(told)[-1] == "ALTER USER \"LOADER\" SET RSA_PUBLIC_KEY = 'TO DO'"
    assert "openssl" in told
    assert not [secret for secret in ("secret", "planted") if secret in told + left]
