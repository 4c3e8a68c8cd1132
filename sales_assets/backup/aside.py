"""Moving aside what is in a place that a restore needs.

Belongs here: what belongs to a file and goes with it. Does not: which places these are
(`restoring`).
"""

from __future__ import annotations

import os
from pathlib import Path

_OF_SQLITE = ("-wal", "-shm", "-journal")
_OF_DUCKDB = (".wal", ".wal.checkpoint", ".wal.recovery")
_BESIDE_A_DATABASE = (*_OF_SQLITE, *_OF_DUCKDB)
"""How files end that keep what is not in a database's own file yet.

Left there, they would be read into the database that was restored.
"""


def move_aside(path: Path, ending: str) -> list[Path]:
    """Give it a name with this ending; where it is now.

    Also what is beside a database, even of one that is gone; the names still belong.
    """
    moved = []
    beside = () if path.is_dir() else _BESIDE_A_DATABASE
    for its in ("", *beside):
        if (there := Path(f"{path}{its}")).exists():
            moved.append(path.with_name(f"{path.name}.{ending}{its}"))
            os.replace(there, moved[-1])
    return moved
