"""Which checks there are and what they say, from the definitions.

Belongs here: how checks are shown. Does not: any check (`sales_assets.checks`, dbt_project).
"""

from __future__ import annotations

from collections import defaultdict

from docs.generated.dbt_texts import tests


def checks() -> str:
    """Every check of the shipped sources, rates and models: what it expects, of what, if it blocks.

    Needs the dbt project parsed: `sales-assets prepare`.
    """
    from sales_assets.build import build_definitions
    from sales_assets.settings import Settings

    of_models = tests()
    # Without the environment: the site is of the project, not of an installation.
    graph = build_definitions(Settings.model_construct()).resolve_asset_graph()
    found: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for key in sorted(graph.asset_check_keys):
        check = graph.get(key)
        told = check.description or of_models[key.name]
        said = (key.name, " ".join(told.split()), check.blocking)
        found[said].append(key.asset_key.to_user_string())
    return "\n".join(
        f"{name}\n: {told} Of {', '.join(f'`{asset}`' for asset in assets)}"
        f"{'; blocks what is downstream' if blocks else ''}.\n"
        for (name, told, blocks), assets in found.items()
    )
