"""Finding a value without storing it, and keys that stand on the wrapping secret alone.

A blind index is HMAC-SHA256 under a key of its own domain: equal values give equal bytes, within one domain
only, and without the wrapping secret nobody can try all phone numbers against it. Callers normalise the value
first and put the neighborhood into the domain, so that nothing can be matched across neighborhoods.
"""

import hashlib
import hmac

from vault import wrapping


def index(*, domain: str, value: str) -> bytes:
    """32 bytes by which to find `value` again."""
    return hmac.new(
        wrapping.derive(wrapping.secret(), f"blind|{domain}"), value.encode(), hashlib.sha256
    ).digest()


def derived_key(domain: str) -> bytes:
    """A 32-byte key that is the same each time, such as a neighborhood's card key."""
    return wrapping.derive(wrapping.secret(), f"derived|{domain}")
