"""The double-entry ledger: accounts, postings, balances as sums.

The rules come with the first feature that needs them; the name is taken now so that
the import contracts hold from the first commit.
"""
