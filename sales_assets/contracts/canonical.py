"""The canonical sale line: the columns that every source maps onto.

Belongs here: names, types and meanings of the columns of the `revenue` and `rejected`
tables. Does not: how one source fills them (its contract), or the DDL (`resources`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sales_assets.contracts.logical import SQL_TYPES, LogicalType

KINDS = ("sale", "return", "cancellation")
"""What a line is; only `sale` lines count as gross revenue by themselves."""


@dataclass(frozen=True)
class CanonicalColumn:
    """One column of the canonical sale line.

    `required` columns may not be NULL in an accepted row; `provenance` columns are written by
    the pipeline and cannot be mapped by a contract.
    """

    name: str
    type: LogicalType
    description: str
    required: bool = False
    provenance: bool = False

    @property
    def sql_type(self) -> str:
        """The column's type in the warehouse and in Parquet."""
        return SQL_TYPES[self.type]


MAPPED_COLUMNS: tuple[CanonicalColumn, ...] = (
    CanonicalColumn(
        "order_id", LogicalType.STRING, "The order that the line belongs to, if stated."
    ),
    CanonicalColumn(
        "line_number", LogicalType.INTEGER, "The line's number within its order, if stated."
    ),
    CanonicalColumn(
        "order_date",
        LogicalType.DATE,
        "The date of the sale in the source's own calendar.",
        required=True,
    ),
    CanonicalColumn(
        "ordered_at", LogicalType.TIMESTAMP, "The moment of the sale in UTC, if stated."
    ),
    CanonicalColumn("product", LogicalType.STRING, "The product, as the source names it."),
    CanonicalColumn(
        "category", LogicalType.STRING, "The product's category, as the source names it."
    ),
    CanonicalColumn(
        "customer_id", LogicalType.STRING, "The customer's pseudonymous identifier, if known."
    ),
    CanonicalColumn("region", LogicalType.STRING, "The country or region of the sale."),
    CanonicalColumn(
        "quantity", LogicalType.NUMBER, "Units sold; negative where the source says so."
    ),
    CanonicalColumn("unit_price", LogicalType.NUMBER, "Price of one unit, in `currency`."),
    CanonicalColumn(
        "amount",
        LogicalType.NUMBER,
        "The line's amount in `currency` as the source states it, its sign kept.",
        required=True,
    ),
    CanonicalColumn(
        "net_amount",
        LogicalType.NUMBER,
        "What the line adds to net revenue, in `currency`, by the contract.",
        required=True,
    ),
    CanonicalColumn("currency", LogicalType.STRING, "ISO 4217 code of the amounts.", required=True),
    CanonicalColumn(
        "kind", LogicalType.STRING, "`sale`, `return` or `cancellation`.", required=True
    ),
)

PROVENANCE_COLUMNS: tuple[CanonicalColumn, ...] = (
    CanonicalColumn("source", LogicalType.STRING, "The contract's source.", True, True),
    CanonicalColumn("partition_date", LogicalType.DATE, "The UTC day of the drop.", True, True),
    CanonicalColumn(
        "file", LogicalType.STRING, "The drop, relative to the landing zone.", True, True
    ),
    CanonicalColumn("file_sha256", LogicalType.STRING, "SHA-256 of the drop's bytes.", True, True),
    CanonicalColumn(
        "line", LogicalType.INTEGER, "The line in the file, from 1, as editors count.", True, True
    ),
)

REVENUE_COLUMNS: tuple[CanonicalColumn, ...] = (
    *PROVENANCE_COLUMNS[:2],
    *MAPPED_COLUMNS,
    *PROVENANCE_COLUMNS[2:],
)
"""The columns of `revenue`, in their order in the table."""

REJECTED_COLUMNS: tuple[CanonicalColumn, ...] = (
    *PROVENANCE_COLUMNS,
    CanonicalColumn("text", LogicalType.STRING, "The line's text.", True, True),
    CanonicalColumn("reasons", LogicalType.STRING, "Every rule that the line broke.", True, True),
)
"""The columns of `rejected`, in their order in the table."""

RESERVED_NAMES = frozenset(column.name for column in (*REVENUE_COLUMNS, *REJECTED_COLUMNS)) | {
    "file_no",
    "file_day",
    "malformed",
    "malformed_text",
    "exchanged",
    "column_reasons",
    "mapped_reasons",
    "line_key",
}
"""Names that a source's column cannot have, since the staged files use them already."""
