"""The pages around a sign-in, as HTML.

Belongs here: making them from templates, and their Content-Security-Policy. Does not: what they
ask for (`pages`).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse


@dataclass(frozen=True)
class Offer:
    """What the sign-in page offers."""

    tokens: bool
    oidc: str | None
    """Name of the issuer that people sign in at."""
    other: tuple[str, ...] = field(default=())
    """Ways that need no page."""


class Looks:
    """Makes the pages; each is complete in itself, without a script."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._templates = Environment(
            loader=PackageLoader("sales_assets.platform.signing_in"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def sign_in(self, goes_to: str, error: str = "", status: int = 200) -> HTMLResponse:
        """The sign-in page; `goes_to` is where the browser goes afterwards."""
        return self._page("sign_in", status, offer=self._offer, goes_to=goes_to, error=error)

    def sign_out(self) -> HTMLResponse:
        """The page that asks whether to sign out."""
        return self._page("sign_out", 200)

    def stranger(self, name: str, helpers: str, has_session: bool) -> HTMLResponse:
        """The page for somebody without rights."""
        return self._page("stranger", 403, name=name, helpers=helpers, has_session=has_session)

    @cached_property
    def _style(self) -> str:
        return self._templates.get_template("style.css").render()

    @cached_property
    def _policy(self) -> str:
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return (
            f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def _page(self, template: str, status: int, **values: object) -> HTMLResponse:
        text = self._templates.get_template(f"{template}.html.j2").render(
            style=self._style, **values
        )
        return HTMLResponse(text, status, {"Content-Security-Policy": self._policy})
