"""The bar below Dagster's UI that says who has signed in, with a button that signs out.

Belongs here: adding it to Dagster's page, and its stylesheet. Does not: what the button does
(`pages`), or how the pages of our own look (`looks`).
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.gate import SESSION

STYLE_PATH = "/signed-in.css"
_HEAD_ENDS, _BODY_ENDS = b"</head>", b"</body>"
_TEMPLATES = Environment(
    loader=PackageLoader("sales_assets.platform.signing_in"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def with_bar(request: Request, page: HTMLResponse) -> HTMLResponse:
    """The page with the bar, if there is a session to end.

    Who comes by a proxy's headers or a bearer token has none: they sign out where they signed in.
    """
    auth = request.scope.get("auth")
    if auth is None or SESSION not in auth.scopes:
        return page
    person = request.user
    assert isinstance(person, Person)
    bar = _TEMPLATES.get_template("signed_in_bar.html.j2").render(name=person.display_name)
    link = f'<link rel="stylesheet" href="{STYLE_PATH}">'
    text = bytes(page.body)
    for before, added in ((_HEAD_ENDS, link), (_BODY_ENDS, bar)):
        text = text.replace(before, added.encode() + before, 1)
    headers = {name: value for name, value in page.headers.items() if name != "content-length"}
    return HTMLResponse(text, page.status_code, headers)


def routes() -> list[Route]:
    """Its stylesheet; a file of its own, so that no page's policy has to allow inline styles."""
    style = _TEMPLATES.get_template("signed_in_bar.css").render()

    async def show(_: Request) -> Response:
        return Response(style, media_type="text/css")

    return [Route(STYLE_PATH, show, methods=["GET"])]
