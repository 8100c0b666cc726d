"""The demo canteen: the reference site's shape made by code, and its drawn trays.

Nothing here is sourced: every figure is an estimate chosen to look like the reference
site, and every picture is drawn. Both say so (`source: estimate`, `"drawn": true`).
"""
