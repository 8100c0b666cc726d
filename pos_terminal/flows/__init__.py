"""Pure machines: (state, event) -> (state, effects). No I/O below this folder."""
