"""Sharing: who outside asks for what, each resident's own answer, and exactly what was given.

Keeps law 7 (nothing leaves but through a disclosure holding exactly the approved people and fields) and law 5
(silence means no).
"""
