"""How Sphinx builds the site: strict, and of files that open without a server or a network."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

project = "sales-assets"
html_title = project
extensions = ["myst_parser", "docs.generated.directives"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True
"""A reference to what is not there is a warning, and `make docs` takes no warning."""
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
smartquotes = False  # texts stand as they are written
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "friendly"
html_theme_options = {"navigation_with_keys": True}
