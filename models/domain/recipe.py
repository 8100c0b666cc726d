"""Recipes: what a dish is made of and what it costs.

The rules come with the first feature that needs them; the name is taken now so that
the import contracts hold from the first commit.
"""
