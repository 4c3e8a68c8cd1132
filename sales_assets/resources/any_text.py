"""A column for texts that others have written.

Belongs here: the type. Does not: the tables that have such columns (`alerts.tables`,
`healing.tables`).
"""

from __future__ import annotations

import sqlalchemy as sa


class AnyText(sa.TypeDecorator[str]):
    """A text as any database takes it, whatever is in it: an error may quote bytes of a file.

    PostgreSQL takes no NUL, and nothing takes half of a surrogate pair; they become
    U+FFFD and "?".
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _: sa.Dialect) -> str | None:
        """The text that is stored."""
        if value is None:
            return None
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
