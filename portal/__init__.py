"""The composition root: settings, addresses, processes, and what spans rooms.

No models live here and no room imports it. It keeps the house's own promises: one settings file read from the
environment, a production start that refuses what is unsafe, one parent for all processes that leaves none behind.
"""
