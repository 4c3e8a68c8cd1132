"""The one daily partitions definition of all assets, and half-open windows of days.

Belongs here: days and spans of days. Does not: which days a source has (its contract).

All assets of all sources share ONE definition, mapped one to one. With a definition per source
the UI refuses a backfill of several sources ("All the assets at the root of the backfill must
have the same PartitionsDefinition"); with one, a year of everything is one run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

DAY = timedelta(days=1)


def daily_partitions(first_day: date) -> dg.DailyPartitionsDefinition:
    """One partition for each UTC day from `first_day` to today, whose drops may come already."""
    return dg.DailyPartitionsDefinition(
        start_date=datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC),
        timezone="UTC",
        end_offset=1,
    )


@dataclass(frozen=True, order=True)
class Window:
    """A half-open span of days, `[start, end)`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"the window [{self.start}, {self.end}) holds no day")

    @classmethod
    def of_keys(cls, first: str, last: str) -> Window:
        """The window from one partition key to another, both included."""
        return cls(date.fromisoformat(first), date.fromisoformat(last) + DAY)

    @classmethod
    def around(cls, days: Collection[date]) -> Window:
        """The shortest window that holds all of these days."""
        return cls(min(days), max(days) + DAY)

    @property
    def first_key(self) -> str:
        """Partition key of the first day."""
        return self.start.isoformat()

    @property
    def last_key(self) -> str:
        """Partition key of the last day."""
        return (self.end - DAY).isoformat()

    def __str__(self) -> str:
        return self.first_key if len(self) == 1 else f"{self.first_key}..{self.last_key}"

    def __len__(self) -> int:
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def days(self) -> Iterator[date]:
        """Every day of the window, in order."""
        return (self.start + timedelta(days=n) for n in range(len(self)))

    def chunks(self, days: int) -> Iterator[Window]:
        """The window cut into spans of at most so many days."""
        start = self.start
        while start < self.end:
            end = min(start + timedelta(days=days), self.end)
            yield Window(start, end)
            start = end

    def overlap(self, other: Window) -> Window | None:
        """The days that both windows hold, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None


def contiguous(days: Iterable[date]) -> list[Window]:
    """The fewest windows that hold exactly these days, in order."""
    windows: list[Window] = []
    for day in sorted(set(days)):
        if windows and windows[-1].end == day:
            windows[-1] = Window(windows[-1].start, day + DAY)
        else:
            windows.append(Window(day, day + DAY))
    return windows


def apart(days: Iterable[date], others: Collection[date]) -> list[Window]:
    """The fewest windows that hold exactly these days, none with some of the others and not all."""
    chosen = set(days)
    return sorted([*contiguous(chosen - set(others)), *contiguous(chosen & set(others))])


def run_window(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext,
) -> Window | None:
    """The days that a run is for, from its partition tags; None for a run without partitions.

    Reads the tags rather than `partition_keys`, which builds the key of every day.
    """
    tags = context.run.tags
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")
    last = tags.get("dagster/asset_partition_range_end") or tags.get("dagster/partition")
    return Window.of_keys(first, last) if first and last else None
