"""The four rates and the mass balance, from weighings and counts.

The rules come with the first feature that needs them; the name is taken now so that
the import contracts hold from the first commit.
"""
