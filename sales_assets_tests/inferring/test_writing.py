"""What any text of a file becomes in YAML."""

from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import Dialect
from sales_assets.inferring.columns import guesses_of
from sales_assets.inferring.encodings import Encoded
from sales_assets.inferring.layout import Layout
from sales_assets.inferring.mapping import revenue_of
from sales_assets.inferring.splitting import Row
from sales_assets.inferring.writing import Proposed, contract_text
from sales_assets.inferring.yaml_text import scalar

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS)
def test_any_text_stays_itself_as_a_scalar(text: str) -> None:
    assert yaml.safe_load(f"{{a: {scalar(text)}}}") == {"a": text}
    assert yaml.safe_load(f"- {scalar(text)}") == [text]


@settings(deadline=None, max_examples=60)
@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=6, unique=True), TEXTS)
def test_any_header_is_kept_in_a_contract_that_loads(
    tmp_path_factory: object, headers: list[str], value: str
) -> None:
    header = ("Bought on", *[text for text in headers if text != "Bought on"])
    fields = ("2024-01-31", *[value] * (len(header) - 1))
    data = (Row(2, "", fields),)
    layout = Layout(Dialect(), header, data, 0)
    guesses, missing = guesses_of(layout)
    proposed = Proposed(
        "shop",
        "team",
        True,
        "shop.csv",
        Encoded("UTF-8", "utf-8"),
        layout,
        guesses,
        missing,
        revenue_of(guesses, data, ["shop.csv"]),
        (),
        (),
        True,
    )
    content = yaml.safe_load(contract_text(proposed))
    columns = content["schema"][0]["properties"]
    assert [each.get("physicalName", each["name"]) for each in columns] == list(header)
    assert hasattr(tmp_path_factory, "mktemp")
    file: Path = tmp_path_factory.mktemp("header") / "shop.odcs.yaml"
    file.write_text(contract_text(proposed, settled=True), "utf-8")
    assert load_contract(file).required_headers == header
