"""Committees and property companies, terms and the rights that end with them, and what residents ask of each.

The only place that calls guardian. A right needs a permission on the neighborhood *and* a term in force now, so that
rights die with the term even if no task ever runs (A2, 27, 46).
"""
