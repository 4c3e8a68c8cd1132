"""The project measured: against other ways to do its job on the same data, and as it grows."""
