"""A Dagster project of the same job, built the way Dagster's own documentation teaches."""
