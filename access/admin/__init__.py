"""Gates on the desk: what they open by, their readers, cards and rules. Events name no person.

Faces are not listed: who has one and who has none is nobody's business at the office (law 2).
"""

from access.admin import cards, devices, events, gates, orders, retiring, rules, signs

__all__ = ["cards", "devices", "events", "gates", "orders", "retiring", "rules", "signs"]
