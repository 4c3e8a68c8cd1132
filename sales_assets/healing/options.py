"""The settings of what mends itself.

Belongs here: their names, types and defaults; `settings.Settings` has them among its own. Does
not: reading the environment (`settings`), or what follows from them (`retries`, `plan`).
"""

from __future__ import annotations

from pydantic import BaseModel, Field


class HealingOptions(BaseModel):
    """How often, and how soon, what failed is tried again."""

    step_retries: int = Field(
        default=3,
        ge=0,
        le=10,
        description="How often a step is tried again in its run that failed for what may pass.",
    )
    step_retry_seconds: float = Field(
        default=5.0,
        gt=0,
        le=600,
        description="The first wait before that; the next is three times as long, then seven.",
    )
    run_retries: int = Field(
        default=2,
        ge=0,
        le=10,
        description="How often a run is begun again whose process died; written into a new "
        "dagster.yaml.",
    )
    run_hours: float = Field(
        default=6.0,
        gt=0,
        description="How long a run may take before it is ended as stuck; written into a new "
        "dagster.yaml.",
    )
    healing_attempts: int = Field(
        default=3,
        ge=1,
        le=20,
        description="How often a day may fail for the same cause before it is parked, the first "
        "time included.",
    )
    healing_patience_seconds: float = Field(
        default=300.0,
        ge=0,
        description="How long a day is left to the sensors and automation that it belongs to "
        "before healing asks for it; twice as long after each failure.",
    )
    healing_interval_seconds: int = Field(
        default=120, ge=5, description="How often the sensor `heal` looks."
    )
