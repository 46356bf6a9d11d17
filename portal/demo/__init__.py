"""The demo community: made-up people in made-up places, moved in by the very functions that the screens call.

Nothing here is random but what must be secret: the same people, cards, doors and questions every time. It exists in demo
mode only, for its accounts have a password that is printed.
"""

from portal.demo.moving_in import NotADemo, fill, renew_pairing_codes

__all__ = ["NotADemo", "fill", "renew_pairing_codes"]
