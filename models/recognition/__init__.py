"""Arrays in, decisions out: plates, dishes, portions and faces."""
