"""SQLAlchemy tables, a file per area, on two bases: the office's and the till's."""
