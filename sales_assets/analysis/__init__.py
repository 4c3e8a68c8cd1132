"""The marts as pandas DataFrames, for notebooks.

Belongs here: reading a mart, or the rejected lines, into a frame. Does not: other questions
(`sales-assets query`), or anything that the pipeline does: nothing of it imports this module, nor
pandas.

Each function reads the warehouse of the settings (the environment), DuckDB or Snowflake alike, or
the `warehouse` that it is given, and changes nothing of it. While a run builds the models of the
embedded warehouse, it reads how that stood before, and a warning tells so.

In every frame
- an amount, and `units`, is a `decimal.Decimal` with all its digits, so the column's dtype is
  `object`. Sums, also those of `groupby`, stay exact. `mean` and plots want floats: ask for them by
  `frame["net_revenue"].astype(float)`;
- `gross_revenue`, `returned_revenue` and `net_revenue` are in the row's `currency`: group by it.
  Those that begin with `reporting_` are in `reporting_currency`, which all rows have in common.
  They are None if a line of the row could not be converted, and pandas leaves None out of a sum:
  the sum is whole only if `unconverted_lines` adds up to 0;
- a date is a `datetime64[s]` at midnight without a time zone, so that `resample`, `.dt` and
  `pd.Grouper` work. Seconds, since nanoseconds end in 2262 and a mistaken date need not;
- a text is of dtype `string`, a count `int64`, and one that can be unknown `Int64`;
- the index is 0, 1, 2, ...; a frame without rows has the same columns and dtypes.

What each column means is told in dbt_project/models/columns.md, in the catalogue of the UI, and in
the data dictionary beside the report.

Every function raises UsageError for a question that cannot be answered: a text that is no date, a
window without a day, a source of which nothing is loaded, marts that are not made yet. It raises
WarehouseBusyError if the embedded warehouse is being written for LONGEST_WAIT_SECONDS, and there
is no earlier state to read.
"""

from __future__ import annotations

import pandas as pd

from sales_assets.analysis.reading import Day, Names, read, window
from sales_assets.analysis.tables import (
    CUSTOMER_VALUE,
    DAILY_REVENUE,
    REJECTED,
    REVENUE_BY_PRODUCT,
    REVENUE_BY_REGION,
)
from sales_assets.resources.warehouse import Warehouse


def daily_revenue(
    start: Day,
    end: Day,
    *,
    sources: Names | None = None,
    currencies: Names | None = None,
    warehouse: Warehouse | None = None,
) -> pd.DataFrame:
    """Revenue per order date, source and currency, for the order dates in `[start, end)`.

    `end` is not included. A source is named `team/source`, or by its last part where that is clear;
    a currency by its ISO 4217 code. Columns, in the rows' order of the first three:

    - `order_date`: in the source's own calendar; days without sales have no row
    - `source`, `currency`
    - `orders` (Int64): different orders, unknown without order ids; not to be added up over rows
    - `lines`; of these `sale_lines`, `return_lines` and `cancellation_lines`
    - `units` (Decimal or None): units behind gross revenue
    - `gross_revenue`, `returned_revenue`, `net_revenue` (Decimal, four decimals): in `currency`
    - `reporting_currency`, and `reporting_gross_revenue`, `reporting_returned_revenue` and
      `reporting_net_revenue` (Decimal, ten decimals, or None): in that
    - `unconverted_lines`, `stale_rate_lines`: lines without rates, or at older ones than are due
    """
    days = window("order_date", start, end)
    return read(DAILY_REVENUE, warehouse, sources, currencies, days)


def revenue_by_product(
    start: Day,
    end: Day,
    *,
    sources: Names | None = None,
    currencies: Names | None = None,
    warehouse: Warehouse | None = None,
) -> pd.DataFrame:
    """Revenue per order date, source, product, category and currency, in `[start, end)`.

    As `daily_revenue`, without `orders` and the lines of each kind, and with `product` and
    `category`, which are `(not stated)` for lines without one.
    """
    days = window("order_date", start, end)
    return read(REVENUE_BY_PRODUCT, warehouse, sources, currencies, days)


def revenue_by_region(
    start: Day,
    end: Day,
    *,
    sources: Names | None = None,
    currencies: Names | None = None,
    warehouse: Warehouse | None = None,
) -> pd.DataFrame:
    """Revenue per order date, source, region and currency, for the order dates in `[start, end)`.

    As `daily_revenue`, without `orders` and the lines of each kind, and with `region`, a country or
    region as the source names it, or `(not stated)`.
    """
    days = window("order_date", start, end)
    return read(REVENUE_BY_REGION, warehouse, sources, currencies, days)


def customer_value(
    *,
    sources: Names | None = None,
    currencies: Names | None = None,
    warehouse: Warehouse | None = None,
) -> pd.DataFrame:
    """What each known customer has bought, per source and currency, over all of history.

    It takes no window: the mart has each customer's whole history. Lines without a customer are in
    no row. As `daily_revenue`, without the lines of each kind, and instead of `order_date` with

    - `customer_id`: the pseudonymous identifier, unique within its source
    - `first_order_date`, `last_order_date`: in the source's own calendar
    """
    return read(CUSTOMER_VALUE, warehouse, sources, currencies)


def rejected(
    start: Day,
    end: Day,
    *,
    sources: Names | None = None,
    warehouse: Warehouse | None = None,
) -> pd.DataFrame:
    """Lines that broke their contract, of the drops of the days in `[start, end)`.

    The window is of `partition_date`, the UTC day of the drop: a rejected line may have no order
    date. Columns, in the rows' order of the first four:

    - `partition_date`, `source`
    - `file` (relative to the landing zone), `line` (in it, from 1), `file_sha256` (of its bytes)
    - `reasons`: a list of every rule that the line broke; `frame.explode("reasons")` has a row for
      each of them
    - `text`: the line, with personal values masked
    """
    return read(REJECTED, warehouse, sources, days=window("partition_date", start, end))
