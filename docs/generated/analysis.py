"""The functions for notebooks, from their docstrings.

Belongs here: how a function is shown. Does not: any function (`sales_assets.analysis`).
"""

from __future__ import annotations

import inspect


def analysis() -> str:
    """Every function of `sales_assets.analysis`: its signature and docstring, which is Markdown."""
    from sales_assets import analysis as module  # brings pandas

    texts = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__:
            signature = str(inspect.signature(function)).replace("'", "")
            texts.append(
                f"### {name}\n\n```text\n{name}{signature}\n```\n\n{inspect.getdoc(function)}"
            )
    return "\n\n".join(texts)
