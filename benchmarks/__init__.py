"""The hand-written lower bound, and the project measured against it on the same data."""
