"""The ledger: an append-only log of salted commitments (law 9: proof outlives data).

An `Entry` says that an act of some kind happened, about an opaque subject, and commits to the details without
showing them. The details and the salt sit in an `Opening` beside it. The opening can be erased and the entry
stays: what is left proves that something was recorded, and tells nobody what. No statement changes, deletes or
truncates an entry, the owner's included, as long as the triggers stand, and only the owner could drop those.
`ledger.append_only.AppendOnly` gives other rooms the same for their own tables.

Over the entries stands a Merkle tree (`merkle`, `tree`, `sequencing`), signed as it grows (`checkpoints`) and shown to
anybody (`api`), so that a resident need not trust whoever runs this: `verify.py` and `witness.py` are for the others' own
machines, and share no line with the rest. `docs/ledger.md` says it all in one place.

This room knows nothing of residents and imports no other room.
"""
