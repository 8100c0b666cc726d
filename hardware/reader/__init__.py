"""Card and code readers."""
