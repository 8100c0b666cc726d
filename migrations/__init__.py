"""The way from every earlier shape of the two databases to today's, and back.

`runner.upgrade(engine, tree)` is all that the programs use; `draft` writes the first
version of the next migration. A migration says what it
does in its docstring; columns become NOT NULL in two steps; nothing here imports the
tables, which will have moved on.
"""
