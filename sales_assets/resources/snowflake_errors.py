"""What the Snowflake connector reports, as errors of this project.

Belongs here: telling what may pass from what a person has to mend. Does not: trying again
(`snowflake_warehouse`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sales_assets.errors import PermanentError, TransientError

PASSING = frozenset(
    {
        604,  # the statement was cancelled
        625,  # aborted: the lock was not to be had in time
        629,  # the warehouse is being resumed or resized
        253003,  # a file could not be uploaded to the stage
        390112,  # the session has expired
        390114,  # the sign-in has expired
    }
)
"""Error numbers of statements that may succeed when they are sent again."""
LACKING = frozenset({606, 2003, 2043, 3001, 90105, 90106})
"""Error numbers of statements that lack a right, a virtual warehouse or what they name."""
SIGN_IN = (
    "jwt",
    "incorrect username",
    "user access disabled",
    "is locked",
    "not allowed to access snowflake",
    "specified in the connect string",
    "private key",
)
"""Words of refusals at the sign-in, which come as failures to connect."""


@contextmanager
def errors_told(address: str) -> Iterator[None]:
    """Raise what the connector reports as TransientError or PermanentError."""
    from snowflake.connector import errors

    try:
        yield
    except errors.ProgrammingError as error:
        reason = _reason(error)
        if error.errno in PASSING:
            raise TransientError(f"{address}: {reason}; try again later") from error
        to_do = "`sales-assets doctor` tells which object or right is missing"
        more = f"; {to_do}" if error.errno in LACKING else ""
        raise PermanentError(f"{address}: {reason}{more}") from error
    except (errors.IntegrityError, errors.DataError, errors.NotSupportedError) as error:
        raise PermanentError(f"{address}: {_reason(error)}") from error
    except errors.Error as error:
        reason = _reason(error)
        if any(word in reason.lower() for word in SIGN_IN):
            raise PermanentError(
                f"{address}: {reason}; correct the SALES_ASSETS_SNOWFLAKE_ settings, or have an "
                "administrator run what `sales-assets setup snowflake` prints: it gives the user "
                "the public key"
            ) from error
        raise TransientError(f"{address}: {reason}; try again later") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "msg", None) or error).strip()
