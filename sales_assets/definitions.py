"""The one `Definitions` object, for the environment's settings.

Belongs here: nothing but that. Importing this module reads settings and files of this project:
no network, no dbt parse, no pandas.
"""

from __future__ import annotations

from sales_assets.build import build_definitions
from sales_assets.settings import Settings

__all__ = ["build_definitions", "defs"]

defs = build_definitions(Settings.load())
