"""Counting the lines of each day, as far as no file is read (see `test_inspection`)."""

from __future__ import annotations

import pytest

from sales_assets.contracts.day_index import day_index_query
from sales_assets_tests.contracts.builders import column, contract


def test_days_cannot_be_counted_where_the_name_of_the_file_says_them() -> None:
    with pytest.raises(TypeError, match="the file's name says its day"):
        day_index_query(contract([column("a")]), "lines")
