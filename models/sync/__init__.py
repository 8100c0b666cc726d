"""Messages between a till and the office, and the pure rules that accept them."""
