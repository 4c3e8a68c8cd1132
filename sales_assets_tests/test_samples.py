"""The samples are what their README says."""

from __future__ import annotations

import gzip

from sales_assets_tests.harness import SAMPLE


def test_the_samples_are_what_their_readme_says() -> None:
    readme = (SAMPLE / "README.md").read_text()
    for name, lines in (("pizzaplace", "49,574"), ("global_sales", "50,000")):
        with gzip.open(SAMPLE / f"{name}.csv.gz", "rt") as stream:
            assert f"{sum(1 for _ in stream) - 1:,}" == lines
        assert lines in readme
        assert (SAMPLE / f"LICENSE.{name}.txt").read_text().startswith("MIT License")
