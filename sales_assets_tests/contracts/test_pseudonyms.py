"""Keyed hashes in the place of personal values."""

from __future__ import annotations

import hashlib
import hmac
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.contracts.days import AcrossDays
from sales_assets.contracts.pseudonyms import WITHHELD, needs_key, pseudonym, read_key, set_key
from sales_assets.errors import ContractError, DropError, UsageError
from sales_assets_tests.contracts.builders import (
    TILL,
    Desk,
    changed,
    column,
    contract,
    csv_bytes,
    load,
)

EMAIL = column("email", classification="personal")
READ = contract([column("order_no"), EMAIL], {"customer_id": "email", "order_id": "order_no"})


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@given(key=st.binary(min_size=32, max_size=64), text=st.text(st.characters(codec="utf-8")))
def test_a_pseudonym_is_the_hmac_of_the_text_as_python_computes_it(
    engine: duckdb.DuckDBPyConnection, key: bytes, text: str
) -> None:
    text = text.replace("\0", "")
    set_key(engine, key)

    [(found,)] = engine.execute(f"SELECT {pseudonym('?::VARCHAR')}", [text]).fetchall()

    assert found == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def test_nothing_has_no_pseudonym(engine: duckdb.DuckDBPyConnection) -> None:
    set_key(engine, b"k" * 32)
    assert engine.execute(f"SELECT {pseudonym('NULL::VARCHAR')}").fetchall() == [(None,)]


def test_a_missing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(8) as many:
        keys = set(many.map(lambda _: read_key(folder, "default"), range(32)))

    assert len(keys) == 1
    assert len(keys.pop()) == 32
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_key(folder, "other") != read_key(folder, "default")


def test_a_missing_key_that_may_not_or_cannot_be_made_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"each machine would make another one.*openssl rand -hex"):
        read_key(tmp_path / "keys", "default", make=False)
    assert not (tmp_path / "keys").exists()

    (tmp_path / "file").touch()  # a folder that nobody can make, not even root
    with pytest.raises(UsageError, match=r"none can be made.*openssl rand -hex 32"):
        read_key(tmp_path / "file" / "keys", "default")
    (tmp_path / "default.key").write_text("ab" * 32)
    assert read_key(tmp_path, "default", make=False) == b"\xab" * 32


@pytest.mark.parametrize(
    ("text", "told"),
    [("no key", "cannot be read as hexadecimal"), ("ab" * 31, "holds 31 bytes"), ("", "0 bytes")],
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "default.key").write_text(text)
    with pytest.raises(UsageError, match=told):
        read_key(tmp_path, "default")


def test_personal_values_become_the_same_pseudonym_wherever_they_stand(tools: Desk) -> None:
    lines = csv_bytes([("order_no", "email"), ("1", "ann@x"), ("2", "bob@x"), ("3", "ann@x")])

    ids = [row["customer_id"] for row in tools.judge(READ, lines).accepted]

    assert ids[0] == ids[2] != ids[1]
    assert all(len(found) == 32 and "@" not in found for found in ids)


def test_what_an_expression_makes_of_a_personal_value_is_hashed_after_it(tools: Desk) -> None:
    lower = contract([column("order_no"), EMAIL], {"customer_id": "lower(email)"})
    lines = csv_bytes([("order_no", "email"), ("1", "Ann@x"), ("2", "ann@X"), ("3", "")])

    ids = [row["customer_id"] for row in tools.judge(lower, lines).accepted]

    assert ids[0] == ids[1]
    assert ids[2] is None


def test_other_columns_stay_as_they_are_and_need_no_key(tools: Desk) -> None:
    public = contract([column("order_no"), column("email")], {"customer_id": "email"})

    (row,) = tools.judge(public, b"order_no,email\n1,ann@x\n").accepted

    assert row["customer_id"] == "ann@x"
    assert not needs_key(public)
    assert needs_key(READ)


def test_a_key_across_days_holds_no_hash_that_somebody_without_the_key_could_compute(
    tools: Desk,
) -> None:
    email = replace(EMAIL, required=True)
    read = contract([column("order_no"), email], keys=(("email",),), across_days=AcrossDays.LATEST)

    (row,) = tools.judge(read, b"order_no,email\n1,ann@x\n").accepted

    assert row["line_key"] != hashlib.sha256(b'["ann@x"]').hexdigest()
    assert row["text"] == "1,***"


def test_a_file_that_is_refused_for_its_malformed_lines_shows_none_of_them(tools: Desk) -> None:
    lines = b"order_no,email\n1;ann@x\n2;bob@x\n"

    with pytest.raises(DropError) as refused:
        tools.judge(READ, lines)

    assert "@x" not in str(refused.value)
    assert WITHHELD in str(refused.value)


def test_another_key_makes_all_rows_anew(tmp_path: Path) -> None:
    personal = changed("schema.0.properties.0.classification", "personal")
    other = changed(
        "customProperties.+", {"property": "pseudonymKey", "value": "of_2026"}, personal
    )
    assert load(tmp_path, other).pseudonym_key == "of_2026"
    assert load(tmp_path, other).digest != load(tmp_path, personal).digest
    without = changed("customProperties.+", {"property": "pseudonymKey", "value": "of_2026"}, TILL)
    assert load(tmp_path, without).digest == load(tmp_path, TILL).digest


def test_a_classification_where_nothing_follows_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="classification: is not enforced"):
        load(tmp_path, changed("schema.1.properties.0.classification", "personal"))


@pytest.mark.parametrize("name", ["../elsewhere", "", "A b", 7, ["a"]])
def test_a_key_s_name_is_no_path(tmp_path: Path, name: object) -> None:
    with pytest.raises(ContractError, match="pseudonymKey"):
        load(tmp_path, changed("customProperties.+", {"property": "pseudonymKey", "value": name}))


@pytest.mark.parametrize(
    ("index", "word"), [(1, "sold_on"), (3, "price")], ids=["a date", "an amount"]
)
def test_only_texts_can_be_made_from_personal_values(tmp_path: Path, index: int, word: str) -> None:
    with pytest.raises(ContractError) as refused:
        load(tmp_path, changed(f"schema.0.properties.{index}.classification", "personal"))
    assert f"uses {word}, of which only pseudonyms may leave" in str(refused.value)
