"""Alembic's entry into the migrations of the back office; the work is shared."""

from __future__ import annotations

from migrations import environment
from models.tables import OfficeBase

environment.run(OfficeBase.metadata)
