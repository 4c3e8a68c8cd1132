"""What another system calls a person becomes one name, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.platform.signing_in.names import group_names, person_name


@given(st.text())
def test_a_name_is_refused_or_differs_from_what_was_said_by_ascii_letters_alone(text: str) -> None:
    try:
        name = person_name(text)
    except ValueError:
        return
    assert name == "".join(letter.lower() if letter.isascii() else letter for letter in text)
    assert not set(name) & set(" :,\n\t")


def test_groups_are_taken_without_spaces_and_in_lower_case() -> None:
    assert group_names([" Ops", "", "data "]) == {"ops", "data"}
    with pytest.raises(ValueError, match="ASCII"):
        group_names(["\u212aeys"])
