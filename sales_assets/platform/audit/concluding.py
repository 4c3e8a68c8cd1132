"""Telling the audit log how something ended.

Belongs here: that a log which cannot be written changes nothing of what is done. Does not: who
tells it what.
"""

from __future__ import annotations

import logging

from sales_assets.platform.audit.entries import Auditor, Outcome

_log = logging.getLogger("sales_assets")


def conclude(auditor: Auditor, number: int, outcome: Outcome, detail: str) -> None:
    """Tell how it ended; it has ended, also if this cannot be told."""
    try:
        auditor.conclude(number, outcome, detail[:200])
    except Exception:  # noqa: BLE001 (it is logged, with what would be lost)
        _log.exception("The audit log does not take that entry %d %s (%s)", number, outcome, detail)
