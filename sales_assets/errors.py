"""The exceptions of the project: what a caller may retry and what a person must fix.

Belongs here: the exception classes. Does not: building messages; the place that knows the
file, line, contract or field says so in the message, together with the fix.
"""

from __future__ import annotations


class SalesAssetsError(Exception):
    """Base of every error this project raises on purpose; its message is fit for a person."""


class PermanentError(SalesAssetsError):
    """Retrying cannot help: somebody has to change a file, a contract or a setting."""


class TransientError(SalesAssetsError):
    """The outside world failed for now; the same call may succeed later."""


class ContractError(PermanentError):
    """A contract file is wrong; the message names the file, each field and the fix."""


class DropError(PermanentError):
    """A dropped file cannot be used as it is; the message names the file and the fix."""


class RefusedDropError(DropError):
    """A file is refused whole for what its lines hold; `file` is the text that holds them."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file}: {message}")
        self.file = file


class UsageError(PermanentError):
    """What was asked for cannot be done: an unknown source, an inverted range, a bad query."""


class WarehouseBusyError(TransientError):
    """Another process kept the embedded warehouse for longer than the time-out."""
