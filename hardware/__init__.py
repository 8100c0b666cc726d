"""Devices of the counter: codec (pure bytes), driver (port), twin (emits the bytes)."""
