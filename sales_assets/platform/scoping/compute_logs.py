"""What runs, ticks and backfills have printed, as one person may read it.

Belongs here: one rule for each method of Dagster's ComputeLogManager. Does not: whose logs they
are (`sight`), or downloading them (`endpoints`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster._core.storage.compute_log_manager import (
    CapturedLogMetadata,
    CapturedLogSubscription,
    ComputeIOType,
    ComputeLogManager,
)
from typing_extensions import override

from sales_assets.platform.scoping.closed import asked, closed, passed, refused
from sales_assets.platform.scoping.sight import Sight

INHERITED = frozenset(
    {
        "get_log_data",
        "has_instance",
        "read_log_lines_for_log_key_prefix",
        "register_instance",
        "unsubscribe",
    }
)


@closed(ComputeLogManager, INHERITED)
class ScopedComputeLogManager(ComputeLogManager):
    """The captured logs that a person sees; others are as if nothing had been captured."""

    def __init__(self, inner: ComputeLogManager, sight: Sight) -> None:
        self.inner = inner
        self.sight = sight

    build_cursor = passed("build_cursor")
    parse_cursor = passed("parse_cursor")
    build_log_key_for_run = passed("build_log_key_for_run")
    is_capture_complete = asked(
        ComputeLogManager, "is_capture_complete", Sight.log_key, lambda: True
    )
    get_log_metadata = asked(
        ComputeLogManager, "get_log_metadata", Sight.log_key, CapturedLogMetadata
    )
    get_log_keys_for_log_key_prefix = asked(
        ComputeLogManager, "get_log_keys_for_log_key_prefix", Sight.log_key, list
    )

    @override
    def get_log_data_for_type(
        self, log_key: Sequence[str], io_type: ComputeIOType, offset: int, max_bytes: int | None
    ) -> tuple[bytes | None, int]:
        if not self.sight.log_key(log_key):
            return None, offset
        return self.inner.get_log_data_for_type(log_key, io_type, offset, max_bytes)

    @override
    def subscribe(
        self, log_key: Sequence[str], cursor: str | None = None
    ) -> CapturedLogSubscription:
        if self.sight.log_key(log_key):
            return self.inner.subscribe(log_key, cursor)
        return CapturedLogSubscription(self, log_key, cursor)

    capture_logs = refused("capture_logs")
    open_log_stream = refused("open_log_stream")
    delete_logs = refused("delete_logs")
    dispose = refused("dispose")
