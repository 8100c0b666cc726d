"""SQLAlchemy tables, a file per area, on two bases: the office's and the till's."""

from models.tables import dishes, guards, people, sales, site
from models.tables.base import OfficeBase, TerminalBase

__all__ = [
    "OfficeBase",
    "TerminalBase",
    "dishes",
    "guards",
    "people",
    "sales",
    "site",
]
