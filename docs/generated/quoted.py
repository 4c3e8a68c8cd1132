"""Text that is kept elsewhere in the repository, for pages that say the same.

Belongs here: cutting it out, and links that hold in the site. Does not: any text.
"""

from __future__ import annotations

import posixpath
import re
from functools import partial

from sales_assets.settings import PROJECT

_PAGES_OF = {
    "sales_assets/contracts/words.py": "docs/reference/contract.md",
    "sales_assets/settings.py": "docs/reference/settings.md",
    "benchmarks/RESULTS.md": "docs/engineers/performance.md",
}
"""Files that a page is made of."""
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def quoted(file: str, heading: str | None = None) -> str:
    """A Markdown file of the repository, or what is below one of its headings of the second level.

    Links to pages of the site, or to what a page is made of, lead there. Those to other files are
    their text alone: the site is read where the repository may not be. Raises KeyError if there is
    no such heading.
    """
    text = (PROJECT / file).read_text(encoding="utf-8")
    if heading is not None:
        parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
        text = dict(zip(parts[1::2], parts[2::2], strict=True))[heading]
    return _LINK.sub(partial(_in_the_site, posixpath.dirname(file)), text)


def _in_the_site(folder: str, link: re.Match[str]) -> str:
    text, target = link.groups()
    if target.startswith("http"):
        return link.group()
    file = posixpath.normpath(posixpath.join(folder, target))
    file = _PAGES_OF.get(file, file)
    is_page = file.startswith("docs/") and file.endswith(".md")
    return f"[{text}](/{file.removeprefix('docs/')})" if is_page else text
