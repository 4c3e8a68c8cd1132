"""Whether a drop that supersedes another was meant to.

Belongs here: drops that came and do not count, and such that take lines away. Does not: the rule
by which one supersedes another (`resources.manifests`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from sales_assets.checks.results import number_of, result
from sales_assets.contracts.days import Overlap
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import Window
from sales_assets.resources.manifests import Held, Known, held

SUPERSEDED_DROPS = "superseded_drops"


def may_supersede(contract: SourceContract) -> bool:
    """Whether one drop of a source can supersede another."""
    return contract.overlap is not Overlap.UNION and bool(set(contract.path) & set("*?["))


def superseded_drops_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares `superseded_drops` for the raw asset of a contract where drops supersede others."""
    return dg.AssetCheckSpec(
        SUPERSEDED_DROPS,
        asset=key,
        description=(
            "The drop that counts for a day is the one that came last, and has no fewer lines than "
            "those that it supersedes."
        ),
    )


def superseded_drops(
    key: dg.AssetKey, contract: SourceContract, known: Mapping[str, Known], window: Window
) -> dg.AssetCheckResult:
    """The drops of each day of a window that several hold."""
    shared = {
        day: drops
        for day, drops in held(contract, known).items()
        if day in window and len(drops) > 1
    }
    wrong = {
        day.isoformat(): "; ".join(told)
        for day, drops in sorted(shared.items())
        if (told := [*_late(contract, drops), *_smaller(drops)])
    }
    return result(
        SUPERSEDED_DROPS,
        key,
        expected="of several drops of a day the last to come counts, and has no fewer lines",
        found=f"{len(wrong):,} of {number_of(len(shared), 'day')} with several drops in doubt",
        wrong=wrong,
        to_do="See that the right drop counts for these days",
        warn=True,
    )


def _late(contract: SourceContract, drops: Sequence[Held]) -> Iterator[str]:
    """The drops that came after the one that counts, but are older by their times."""
    *others, counting = drops
    for other in others:
        if (
            contract.overlap is Overlap.LATEST
            and other.first_seen_ns > counting.first_seen_ns
            and other.found.content != counting.found.content
        ):
            yield (
                f"{other.drop.file} came after {counting.drop.file} but its modification time is "
                "older, so it does not count; touch it if it should"
            )


def _smaller(drops: Sequence[Held]) -> Iterator[str]:
    """The largest drop that one with fewer lines supersedes."""
    *others, counting = drops
    largest = max(others, key=lambda other: other.lines)
    if counting.lines < largest.lines:
        yield (
            f"{counting.drop.file} counts with {number_of(counting.lines, 'line')}, "
            f"{largest.drop.file}, which it supersedes, had {largest.lines:,}; state "
            "overlappingDrops: union if files add up"
        )
