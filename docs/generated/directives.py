"""The directives that put generated and quoted text into a page, and dbt's page beside them.

Belongs here: Sphinx's side. Does not: making a text (the other modules here, each a function).

    ```{generated} settings
    ```

    ```{quoted} README.md
    :section: Start
    ```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from docs.generated.analysis import analysis
from docs.generated.checks import checks
from docs.generated.commands import commands
from docs.generated.contract import contract
from docs.generated.marts import marts
from docs.generated.quoted import quoted
from docs.generated.settings import settings
from sales_assets.dbt_docs import write_dbt_docs
from sales_assets.resources.build import dbt_location
from sales_assets.settings import Settings

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata, OptionSpec

MAKERS = {
    "analysis": analysis,
    "checks": checks,
    "commands": commands,
    "contract": contract,
    "marts": marts,
    "settings": settings,
}


class Generated(SphinxDirective):
    """Puts the text of one maker into the page; its headings are the page's."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The text's nodes."""
        text = MAKERS[self.arguments[0]]()
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class Quoted(SphinxDirective):
    """Puts a file of the repository, or a section of it, into the page, so that it is kept once."""

    required_arguments = 1
    option_spec: ClassVar[OptionSpec] = {"section": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """The text's nodes."""
        text = quoted(self.arguments[0], self.options.get("section"))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def add_dbt_docs(app: Sphinx, problem: Exception | None) -> None:
    """Write dbt's own documentation below the finished site, as dbt/index.html."""
    if problem is None:
        write_dbt_docs(dbt_location(Settings.load()), app.outdir / "dbt" / "index.html")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Tell Sphinx of the directives, and of what follows a build."""
    app.connect("build-finished", add_dbt_docs)
    app.add_directive("generated", Generated)
    app.add_directive("quoted", Quoted)
    return {"parallel_read_safe": True}
