"""What to do about what AWS refuses.

Belongs here: telling a right that is lacking from everything else. Does not: Snowflake's refusals
(`snowflake`).
"""

from __future__ import annotations

import re

DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403", "KMS.AccessDeniedException"})
"""AWS's words for a right that is lacking."""
OTHERWISE = "do what it says, and look again"


def advice(error: BaseException, action: str = "what it names") -> str:
    """What to do; `action` is the right that was tried, in IAM's words."""
    if aws_code(error) not in DENIED and "Access Denied" not in str(error):
        return OTHERWISE
    if key := re.search(r"kms:\w+", str(error)):
        action = f"{key[0]} by the policy of the key too"
    return f"allow {action}; `sales-assets setup aws` prints the whole policy"


def aws_code(error: BaseException) -> str:
    """AWS's word for an error that it caused; empty if it did not."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
