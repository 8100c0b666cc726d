"""The rules of the canteen as pure Python: no I/O, no clock, no ORM, no numpy."""
