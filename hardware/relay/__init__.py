"""Relays: cash drawer, lamp, gate."""
