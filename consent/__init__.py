"""Consent: published forms, decisions that cannot be rewritten, and standing.

Keeps laws 3, 4 and 5: biometric data hangs on a row of `Standing` by a restricting foreign key, withdrawing is one
act, and only a recorded decision of the person creates standing.
"""
