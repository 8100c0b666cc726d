"""Cameras: the tray and the face."""
