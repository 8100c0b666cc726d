"""What both applications agree on. Start with `README.md` in this folder."""
