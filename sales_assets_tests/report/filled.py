"""Warehouses with some sales in them, and reading the page that is made of them.

Belongs here: making and reading. Does not: any expectation.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any

import duckdb

from sales_assets.report.checks import Checked
from sales_assets.report.data import read_report
from sales_assets.report.figures import figures
from sales_assets.report.page import Made, render
from sales_assets.report.trust import trust_of
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse

MADE_AT = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
MADE = Made(MADE_AT)
MEASURES = """count(*) AS lines, sum(greatest(amount, 0))::DECIMAL(38, 4) AS gross_revenue,
    sum(greatest(amount, 0) - net_amount)::DECIMAL(38, 4) AS returned_revenue,
    sum(net_amount)::DECIMAL(38, 4) AS net_revenue, 'EUR' AS reporting_currency,
    CASE WHEN count(*) = count(reporting_net_amount)
        THEN sum(rate * greatest(amount, 0)::DECIMAL(27, 4))::DECIMAL(38, 10)
        END AS reporting_gross_revenue,
    CASE WHEN count(*) = count(reporting_net_amount) THEN
        sum(rate * (greatest(amount, 0) - net_amount)::DECIMAL(27, 4))::DECIMAL(38, 10)
        END AS reporting_returned_revenue,
    CASE WHEN count(*) = count(reporting_net_amount)
        THEN sum(reporting_net_amount)::DECIMAL(38, 10) END AS reporting_net_revenue"""
MARTS = f"""
    CREATE TABLE core.fct_sales AS
        SELECT *, 'EUR' AS reporting_currency,
            CASE currency WHEN 'EUR' THEN 'same_currency' WHEN 'RUB' THEN 'ended'
                WHEN 'XXX' THEN 'missing' ELSE 'current' END AS rate_state,
            CASE WHEN currency NOT IN ('EUR', 'XXX') THEN order_date - 1 END AS rate_date,
            (CASE currency WHEN 'EUR' THEN 1 WHEN 'USD' THEN 0.9000000001 WHEN 'GBP' THEN 1.25 END)
                ::DECIMAL(11, 10) AS rate,
            (rate * net_amount::DECIMAL(27, 4))::DECIMAL(38, 10) AS reporting_net_amount
        FROM revenue;
    CREATE TABLE marts.daily_revenue AS
        SELECT order_date, source, currency, {MEASURES} FROM core.fct_sales GROUP BY ALL;
    CREATE TABLE marts.revenue_by_product AS
        SELECT order_date, source, coalesce(product, '(not stated)') AS product,
            coalesce(category, '(not stated)') AS category, currency, {MEASURES}
        FROM core.fct_sales GROUP BY ALL;
    CREATE TABLE marts.revenue_by_region AS
        SELECT order_date, source, coalesce(region, '(not stated)') AS region, currency, {MEASURES}
        FROM core.fct_sales GROUP BY ALL;
    CREATE TABLE marts.customer_value AS SELECT source, customer_id, currency, {MEASURES}
        FROM core.fct_sales WHERE customer_id IS NOT NULL GROUP BY ALL;
"""
LEDGER = """
    INSERT INTO ledger
    SELECT source, partition_date, 'f', '1', '[{}]', count(*), count(*) FILTER (accepted),
        count(*) FILTER (NOT accepted), 0, 0, TIMESTAMP '2024-05-06 01:02:03'
    FROM (SELECT source, partition_date, true AS accepted FROM revenue
        UNION ALL SELECT source, partition_date, false FROM rejected)
    GROUP BY source, partition_date
"""

Fill = Callable[..., DuckDBWarehouse]


def sale(day: str, amount: str, currency: str = "EUR", **values: Any) -> dict[str, Any]:
    """A line of `revenue`."""
    line = {
        "source": "shop/till",
        "partition_date": day,
        "order_date": day,
        "amount": Decimal(amount),
        "net_amount": Decimal(amount),
        "currency": currency,
        "kind": "sale",
        "file": "till.csv",
        "file_sha256": "0",
        "line": 2,
    }
    return line | values


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]
) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values())
        )


def page_of(
    warehouse: DuckDBWarehouse,
    checks: Sequence[Checked] = (),
    due: Mapping[str, Sequence[date]] = MappingProxyType({}),
    made: Made = MADE,
) -> str:
    report = figures(read_report(warehouse))
    return render(report, trust_of(report, checks, due), made)


class Page(HTMLParser):
    """Reads a page strictly: tags have to balance."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """What a reader sees, with single blanks."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def months() -> list[dict[str, Any]]:
    """Sales of fourteen months, so that there are both charts."""
    return [
        sale(f"{2023 + n // 12}-{n % 12 + 1:02d}-15", f"{100 + n}.10", product="tea", region="DE")
        for n in range(14)
    ]
