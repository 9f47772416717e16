"""
What the middleware costs, measured against the floor, against pasted code and against its peers.

``make bench`` measures everything, ``make bench-ci`` what noise cannot move. `docs/reference/performance.md` is
generated from `results.json`.
"""
