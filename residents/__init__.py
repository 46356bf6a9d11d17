"""The register: who lives where, who may look, and what must be erased.

Keeps law 6 (staff look with a reason, and the resident sees it) and law 12 ("unknown" never becomes
"complete": an erasure order is computed from its places, never set).
"""
