"""Whether drops still have the columns that the contract describes.

Belongs here: columns that came and that nobody described. Does not: a missing column, for which
`contracts.header` refuses the drop, or one whose values changed, which `reconcile` counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from sales_assets.checks.results import number_of, result
from sales_assets.contracts.model import SourceContract

COLUMNS_DESCRIBED = "columns_described"


def columns_described_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares `columns_described` for the raw asset."""
    return dg.AssetCheckSpec(
        COLUMNS_DESCRIBED,
        asset=key,
        description="The contract describes every column of the drops; others are not read.",
    )


def columns_described(
    key: dg.AssetKey, contract: SourceContract, headers: Mapping[str, Sequence[str]]
) -> dg.AssetCheckResult:
    """The column names of each text (file -> names) against the contract's."""
    described = set(contract.required_headers)
    wrong = {
        file: ", ".join(map(repr, sorted(others)))
        for file, names in headers.items()
        if (others := {name for name in names if name} - described)
    }
    return result(
        COLUMNS_DESCRIBED,
        key,
        expected=f"no column but the {len(described)} of {contract.file.name}",
        found=f"{len(wrong):,} of {number_of(len(headers), 'file')} with columns that it does not "
        "describe",
        wrong=wrong,
        to_do=f"Describe the columns in {contract.file.name}, or ask the source not to send them",
        warn=True,
    )
