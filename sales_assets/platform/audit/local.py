"""Telling the audit log of what somebody does on the machine itself, by a command.

Belongs here: the entry of such an operation, before and after. Does not: what is done.
"""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sales_assets.errors import PermanentError, TransientError
from sales_assets.platform.audit.concluding import conclude
from sales_assets.platform.audit.entries import Auditor, Intent, Outcome


@contextmanager
def told(
    auditor: Auditor,
    operation: str,
    target: str,
    arguments: Mapping[str, object],
    team: str | None = None,
) -> Iterator[None]:
    """Tell the log before and after the block, as done by this process's user, `local:NAME`.

    Raises TransientError, before anything is done, if the log cannot be written.
    """
    intent = Intent(
        user=f"local:{getpass.getuser()}",
        team=team,
        address="local",
        request_id=str(uuid.uuid4()),
        operation=operation,
        target=target,
        arguments=arguments,
    )
    try:
        number = auditor.intend(intent)
    except Exception as failure:  # whatever it is, nothing is done that is not told
        raise TransientError(
            f"{target}: the audit log cannot be written, so nothing is done: {failure}"
        ) from failure
    try:
        yield
    except PermanentError:
        conclude(auditor, number, Outcome.REFUSED, "")
        raise
    except BaseException as error:
        conclude(auditor, number, Outcome.FAILED, type(error).__name__)
        raise
    conclude(auditor, number, Outcome.SUCCEEDED, "")
