"""What Dagster's permissions leave open, and is refused here: one hole a module."""
