"""Scales: the mass on the counter."""
