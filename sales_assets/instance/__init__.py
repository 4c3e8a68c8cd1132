"""The Dagster instance of the embedded profile: storage and its configuration."""
