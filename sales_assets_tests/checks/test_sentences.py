"""Every check says in sentences what it is about, and every result what it expected and found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.build import build_definitions
from sales_assets.settings import Settings
from sales_assets_tests.harness import (
    ADVENTUREWORKS_CONTRACT,
    DATA,
    SAMPLE,
    UCI_CONTRACT,
    Installation,
)

SENTENCE = re.compile(r"[A-Z].*\w.* .*[.]$", re.DOTALL)
SETTINGS: dict[str, dict[str, Any]] = {
    "the shipped sources": {},
    "another currency": {"reporting_currency": "USD"},
    "rates from the API": {"exchange_rates": "live"},
    "workers": {
        "executor": "celery",
        "celery_broker": "memory://",
        "dagster_postgres_url": "postgresql+psycopg2://nobody@localhost/none",
        "catalogue_url": "postgresql+psycopg2://nobody@localhost/none",
    },
}


def described(definitions: dg.Definitions) -> dict[str, str]:
    graph = definitions.resolve_asset_graph()
    return {
        key.to_user_string(): graph.get(key).description or "" for key in graph.asset_check_keys
    }


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=list(SETTINGS))
def test_every_check_is_described_by_a_sentence(settings: dict[str, Any], tmp_path: Path) -> None:
    found = described(build_definitions(Settings(home=tmp_path, **settings)))
    assert len(found) > 25
    assert {name: text for name, text in found.items() if not SENTENCE.fullmatch(text)} == {}


def test_every_check_of_any_contract_is_described_by_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    folder.mkdir()
    for contract in [*DATA.glob("*.odcs.yaml"), UCI_CONTRACT, ADVENTUREWORKS_CONTRACT]:
        (folder / contract.name).write_bytes(contract.read_bytes())
    found = described(build_definitions(Settings(home=tmp_path, contracts=folder)))
    assert {name: text for name, text in found.items() if not SENTENCE.fullmatch(text)} == {}


@pytest.mark.long
def test_every_result_of_the_sample_says_what_was_expected_and_found_and_what_to_do(
    installation: Installation,
) -> None:
    windows = {
        "pizzaplace": ("2015-01-01", "2015-12-31"),
        "global_sales": ("2021-01-01", "2021-06-30"),
    }
    results: dict[str, dg.AssetCheckEvaluation] = {}
    for source, window in windows.items():
        installation.land(source, SAMPLE / f"{source}.csv.gz")
        done = installation.materialize(*window, [source], reports=True)
        for found in done.get_asset_check_evaluations():
            results[found.asset_check_key.to_user_string()] = found
    assert set(results) == set(described(installation.definitions))
    for name, found in results.items():
        told = {key: str(value.value) for key, value in found.metadata.items()}
        assert told["expected"], name
        assert told["found"], name
        assert ("to_do" in told) is not found.passed, name
        assert found.description == " ".join(
            f"{word}: {told[key].rstrip('.')}."
            for word, key in {"Expected": "expected", "Found": "found", "To do": "to_do"}.items()
            if key in told
        ), name
    odd = str(results["retail/pizzaplace/revenue:row_count_in_band"].metadata["earlier_days"].value)
    assert "2015-11-26" in odd, "Thanksgiving"
    assert "2015-07-04" in odd, "Independence Day"
