"""The warehouses and staged files of the tests of resources."""

from sales_assets_tests.resources.conftest import stage, warehouse

__all__ = ["stage", "warehouse"]
