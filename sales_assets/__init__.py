"""Sales CSVs as Dagster assets: from the drop to revenue that can be trusted and traced."""
