"""Whether the figures can be trusted: what speaks for and against each part of them.

Belongs here: which checks and which freshness go together. Does not: finding them (`check_results`,
`freshness`), comparing totals (`layers`), or saying it (`wording`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sales_assets.report.checks import Checked, Outcome
from sales_assets.report.figures import Report, Source
from sales_assets.report.freshness import Freshness, freshness_of

RATES, MARTS, REPORTS = "Exchange rates", "Marts", "Reports"
_PARTS = {"rates": RATES, "reports": REPORTS}
"""By the first part of an asset's key, if it is no source's; all others are of the models."""


@dataclass(frozen=True)
class Part:
    """A source, or what all of them share, with its checks, the worst first."""

    name: str
    checks: tuple[Checked, ...]
    source: Source | None = None
    """None for what sources share, and for a source of which nothing came yet."""
    freshness: Freshness | None = None
    """None for what sources share, and for a source that no contract describes any more."""

    @property
    def outcomes(self) -> list[tuple[Outcome, int]]:
        """How many checks ended in each way, the worst first."""
        counted = Counter(check.outcome for check in self.checks)
        return sorted(counted.items(), key=lambda item: item[0].rank)


@dataclass(frozen=True)
class Trust:
    """The parts: sources by name, then rates, marts and reports."""

    parts: tuple[Part, ...]

    @property
    def checks(self) -> list[Checked]:
        """All checks, the worst first."""
        return _ranked(check for part in self.parts for check in part.checks)

    @property
    def open(self) -> list[Checked]:
        """Those that somebody has to look at."""
        return [check for check in self.checks if not check.outcome.settled]

    @property
    def settled(self) -> list[Checked]:
        """All others."""
        return [check for check in self.checks if check.outcome.settled]

    def ended(self, outcome: Outcome) -> int:
        """How many checks ended so."""
        return sum(check.outcome == outcome for check in self.checks)


def trust_of(
    report: Report,
    checks: Sequence[Checked],
    due: Mapping[str, Sequence[date]],
) -> Trust:
    """What is known of each source that a contract or a table knows, and of what they share.

    `due` are the days, in their order, of which each source that has a contract owes a drop.
    """
    sources = {source.name: source for source in report.sources}
    by_part: dict[str, list[Checked]] = {name: [] for name in sorted({*sources, *due})}
    by_part |= {RATES: [], MARTS: []}
    for check in checks:
        by_part.setdefault(_part(check, by_part), []).append(check)
    return Trust(
        tuple(
            Part(
                name,
                tuple(_ranked(own)),
                sources.get(name),
                _freshness(due.get(name), sources.get(name)),
            )
            for name, own in by_part.items()
        )
    )


def _part(check: Checked, known: Iterable[str]) -> str:
    source, _, _ = check.asset.rpartition("/")
    return source if source in known else _PARTS.get(check.asset.partition("/")[0], MARTS)


def _freshness(due: Sequence[date] | None, source: Source | None) -> Freshness | None:
    return None if due is None else freshness_of(due, source.drops.days if source else ())


def _ranked(checks: Iterable[Checked]) -> list[Checked]:
    return sorted(checks, key=lambda check: (check.outcome.rank, check.asset, check.name))
