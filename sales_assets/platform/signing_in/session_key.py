"""The key that session cookies are signed with.

Belongs here: reading it, and making it once. Does not: signing (`cookies`).
"""

from __future__ import annotations

from sales_assets.errors import UsageError
from sales_assets.key_file import make_key
from sales_assets.settings import PREFIX, Settings

_BYTES = 32


def session_key(settings: Settings) -> str:
    """The key of the settings, or that of the home, which is made if need be.

    Raises UsageError if it cannot be made or read, or if others can read it.
    """
    if settings.session_key is not None:
        return settings.session_key.get_secret_value()
    file = settings.home / "platform" / "session.key"
    try:
        if not file.exists():
            make_key(file, _BYTES)
        key = file.read_text(encoding="ascii").strip()
        shared = file.stat().st_mode & 0o077
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file}: the key of sessions cannot be made or read ({error}); make the folder "
            f"writable, or set {PREFIX}SESSION_KEY"
        ) from error
    if shared:
        raise UsageError(f"{file}: others on this machine may read it; run chmod 600 on it")
    if len(key) < _BYTES:
        raise UsageError(f"{file}: is shorter than {_BYTES} characters; remove it for a new one")
    return key
