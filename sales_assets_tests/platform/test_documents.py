"""Documents of GraphQL and their bounds."""

from __future__ import annotations

from contextlib import suppress

import pytest
from graphql import OperationType, build_schema, specified_rules
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.platform.documents import DEPTH, FIELDS, MUTATIONS, DocumentError, Documents

SCHEMA = build_schema("type Query { a: Query b: String } type Mutation { m: String }")
DOCUMENTS = Documents(SCHEMA, specified_rules)


def _nested(depth: int) -> str:
    return "{" + "a{" * (depth - 1) + "b" + "}" * depth


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 3 * DEPTH))
def test_a_document_is_as_deep_as_its_fields(depth: int) -> None:
    if depth <= DEPTH:
        DOCUMENTS.checked(_nested(depth))
    else:
        with pytest.raises(DocumentError, match="deeper"):
            DOCUMENTS.checked(_nested(depth))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 4), st.integers(1, 8))
def test_fields_are_counted_where_their_fragments_are_spread(levels: int, times: int) -> None:
    parts = [f"fragment F{n} on Query {{ {f'...F{n + 1} ' * times} }}" for n in range(levels)]
    text = " ".join(["query { ...F0 }", *parts, f"fragment F{levels} on Query {{ b }}"])
    if times**levels <= FIELDS:
        DOCUMENTS.checked(text)
    else:
        with pytest.raises(DocumentError, match="more than"):
            DOCUMENTS.checked(text)


@pytest.mark.parametrize("spread", [False, True])
def test_mutations_of_one_document_are_bounded_however_they_are_written(spread: bool) -> None:
    calls = " ".join(f"a{n}: m" for n in range(MUTATIONS + 1))
    text = (
        f"mutation {{ ...F }} fragment F on Mutation {{ {calls} }}"
        if spread
        else f"mutation {{ {calls} }}"
    )
    with pytest.raises(DocumentError, match="mutations"):
        DOCUMENTS.checked(text)


def test_a_document_says_which_kinds_of_operations_it_has() -> None:
    found = DOCUMENTS.checked("query A { b } mutation B { m }").operations
    assert found == {OperationType.QUERY, OperationType.MUTATION}


def test_a_document_is_read_once() -> None:
    assert DOCUMENTS.checked("{ b }") is DOCUMENTS.checked("{ b }")


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=200))
def test_any_text_is_a_document_or_an_error(text: str) -> None:
    with suppress(DocumentError):
        assert DOCUMENTS.checked(text).operations
