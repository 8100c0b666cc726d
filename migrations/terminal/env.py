"""Alembic's entry into the migrations of the till; the work is shared."""

from __future__ import annotations

from migrations import environment
from models.tables import TerminalBase

environment.run(TerminalBase.metadata)
