"""Backup of a whole installation, and bringing one back (docs/decisions/0040)."""
