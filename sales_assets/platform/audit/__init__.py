"""Who did what, when, and how it ended: a log that shows if it was tampered with."""
