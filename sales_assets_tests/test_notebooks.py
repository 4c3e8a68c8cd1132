"""The example notebook runs as it is, and shows the sample's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from sales_assets_tests.harness import PROJECT, SAMPLE, Installation

NOTEBOOK = PROJECT / "docs" / "notebooks" / "revenue.ipynb"


def cells() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def shown(notebook: Any) -> Mapping[str, str]:
    """What each cell that has an output shows: its text, or the kind of a picture."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output["data"]
            found[cell["id"]] = "image/png" if "image/png" in data else data["text/plain"]
    return found


def line(text: str, begin: str) -> list[str]:
    """The words of the line of a printed frame that begins so."""
    [found] = [words for words in map(str.split, text.splitlines()) if words[:1] == [begin]]
    return found


def test_the_notebook_is_kept_without_what_a_run_of_it_showed() -> None:
    notebook = cells()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    assert len(code) == 7
    assert not [cell for cell in code if cell["outputs"] or cell["execution_count"]]


@pytest.mark.long
def test_every_cell_runs_and_shows_the_figures_of_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Installation(tmp_path / "home") as made:
        for source, first, last in (
            ("pizzaplace", "2015-01-01", "2015-01-31"),
            ("global_sales", "2021-01-01", "2021-01-31"),
        ):
            made.land(source, SAMPLE / f"{source}.csv.gz")
            made.materialize(first, last, [source])
        [(exact,)] = made.query(
            "SELECT sum(reporting_net_revenue) FROM daily_revenue "
            "WHERE source = 'global/global_sales' AND order_date < '2021-02-01'"
        )
        [(rejected,)] = made.query("SELECT count(*) FROM rejected")
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))

    notebook = cells()
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()

    told = shown(notebook)
    assert line(told["days-table"], "USD") == ["USD", "4232", "69793.3000"]
    assert told["days-plot"] == "image/png"
    assert told["products-table"].splitlines()[1].split()[1:] == [
        *("five_cheese_l", "veggie", "2553.0000")
    ]
    _, gross, returned, net, rate = line(told["returns-table"], "EUR")
    assert Decimal(gross) - Decimal(returned) == Decimal(net) > 0
    assert rate == f"{Decimal(returned) / Decimal(gross):.2%}"
    assert exact.as_tuple().exponent == -10
    assert told["decimals-sum"].startswith(f"'{exact} EUR; as a float ")
    assert rejected > 0
    assert line(told["rejected-table"], "timestamp") == ["timestamp", str(rejected)]
