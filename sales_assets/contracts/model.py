"""What a contract says, as plain frozen values.

Belongs here: the shapes that the rest of the project reads. Does not: those of its days (`days`)
and its quality (`quality`), the standard's file format (`odcs`), checking it (`load`), or the SQL
made from it (`sql`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sales_assets.contracts.days import (
    AcrossDays,
    Calendar,
    DayFromColumn,
    DayFromFileName,
    Delivery,
    History,
    Overlap,
)
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.quality import QualityRule, RejectedLimit

WHITESPACE = "whitespace"
"""The delimiter of files whose fields stand apart by runs of blanks and tabs."""


@dataclass(frozen=True)
class Dialect:
    """How the text of a drop is laid out (Frictionless Table Dialect terms).

    `encoding` is a Python codec's name. Without `quote_char` quotes are text. `header_row` is the
    header's line; None stands for the first line that is neither blank nor a comment, or, with
    `header_search`, for the first that holds all columns. `footer` is a regular expression for
    the last lines.
    """

    delimiter: str = ","
    quote_char: str = '"'
    encoding: str = "utf-8"
    missing_values: tuple[str, ...] = ("",)
    quoted_newlines: bool = False
    header: bool = True
    header_row: int | None = None
    header_search: bool = False
    comment_rows: tuple[int, ...] = ()
    comment_char: str = ""
    footer: str | None = None


@dataclass(frozen=True)
class NumberFormat:
    """How a column's numbers are written.

    `symbols` may stand before or behind a number. `accounting` takes `(1.00)` and `1.00-` for
    negative and `-` for zero. With `percent` each number is followed by % and a hundredth of it is
    meant; with `minor_units` it counts units of that many decimals, as cents.
    """

    decimal_char: str = "."
    group_char: str = ""
    symbols: tuple[str, ...] = ()
    accounting: bool = False
    percent: bool = False
    minor_units: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as in SQL."""
        return self == NumberFormat()


@dataclass(frozen=True)
class Column:
    """One column of the drop: how its text is parsed and what a value must fulfil.

    `name` is the column's name in SQL, `header` the text in the file's header line. `formats` are
    written as the standard does (`yyyy-MM-dd`) and tried in their order. Bounds are in the
    column's own type, as text.
    """

    name: str
    header: str
    type: LogicalType
    sql_type: str
    description: str
    required: bool = False
    formats: tuple[str, ...] = ()
    number: NumberFormat = NumberFormat()
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    time_zone: str = "UTC"
    enum: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    exclusive_minimum: str | None = None
    exclusive_maximum: str | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    classification: str | None = None

    @property
    def is_personal(self) -> bool:
        """Whether its values are kept from everybody who may see what was rejected."""
        return self.classification not in {None, "public", "internal"}


@dataclass(frozen=True)
class Mapping:
    """How one canonical column comes from the source's columns.

    `expression` is a scalar DuckDB expression over the names in `sources`.
    """

    name: str
    expression: str
    sources: tuple[str, ...]
    description: str = ""

    @property
    def direct(self) -> bool:
        """Whether the canonical column is one of the source's columns, unchanged."""
        return (
            len(self.sources) == 1
            and self.expression == f'"{self.sources[0]}"'
            and "." not in self.sources[0]  # of a reference
        )


@dataclass(frozen=True)
class LineRule:
    """A rule that each line has to fulfil: lines for which `condition` is true are rejected.

    `condition` is a scalar DuckDB expression over the columns in `sources`.
    """

    name: str
    description: str
    condition: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """A file of the source that lines refer to, such as a product list with prices.

    `column` of the lines holds a value of the reference's `key`. Expressions over lines name the
    reference's columns as `name.column`.
    """

    name: str
    path: str
    """Glob of the file, relative to the landing zone."""
    dialect: Dialect
    columns: tuple[Column, ...]
    column: str
    key: str
    line_rules: tuple[LineRule, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()

    @property
    def qualified(self) -> tuple[str, ...]:
        """The columns' names as expressions over lines have them."""
        return tuple(f"{self.name}.{column.name}" for column in self.columns)

    @property
    def qualified_key(self) -> str:
        """The key's name as expressions over lines have it."""
        return f"{self.name}.{self.key}"


@dataclass(frozen=True)
class SourceContract:
    """One source: who owns it, where its drops lie, how they are read and what they mean."""

    file: Path
    team: str
    source: str
    version: str
    digest: str
    """SHA-256 of everything in the contract that can change a row."""
    title: str
    description: str
    domain: str
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    path: str
    """Glob of the drops, relative to the landing zone."""
    dialect: Dialect
    columns: tuple[Column, ...]
    mappings: tuple[Mapping, ...]
    day: DayFromFileName | DayFromColumn
    overlap: Overlap
    history: History
    calendar: Calendar
    late_tolerance: timedelta
    """How far before its drop's day a line may be dated (only where the file names the day)."""
    delivery: Delivery = field(default_factory=Delivery)
    currencies: tuple[str, ...] = ()
    """Every ISO 4217 code that an accepted line can have, sorted."""
    rate_age_days: int = 7
    """How many days before a line's day its exchange rate may be of. The longest closing of the
    European Central Bank, over Easter or Christmas, is shorter than the default."""
    quality: tuple[QualityRule, ...] = ()
    line_rules: tuple[LineRule, ...] = ()
    rejected_limits: tuple[RejectedLimit, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    """Columns that are unique together among the sound lines of a day: of several lines with the
    same values, the first file's first line counts."""
    across_days: AcrossDays | None = None
    """Which day's line counts where the first of the keys is there on several days; the others are
    rejected. None: a key is unique within its day only."""
    pseudonym_key: str = "default"
    """Which key makes pseudonyms of personal values; another name makes all rows anew."""
    references: tuple[Reference, ...] = ()
    reference: Reference | None = None
    """The reference whose file this describes, instead of drops (see `reference_files`)."""
    support: tuple[tuple[str, str], ...] = field(default=())
    """Where alerts go: (tool, channel or address)."""

    @property
    def name(self) -> str:
        """The source's full name, `team/source`."""
        return f"{self.team}/{self.source}"

    @property
    def required_headers(self) -> tuple[str, ...]:
        """The header texts that a drop must have: every column that the contract describes."""
        return tuple(column.header for column in self.columns)

    @property
    def extra_columns(self) -> tuple[Column, ...]:
        """The source's columns that no canonical column holds with all that they say.

        A timestamp loses its time where it becomes a date; all other types are held whole.
        """
        same = {
            mapping.sources[0]
            for mapping in self.mappings
            if mapping.direct
            and not (
                mapping.name == "order_date"
                and self.column(mapping.sources[0]).type is LogicalType.TIMESTAMP
            )
        }
        return tuple(column for column in self.columns if column.name not in same)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def has_personal_columns(self) -> bool:
        """Whether a line can hold personal values."""
        return any(column.is_personal for column in self.columns)
