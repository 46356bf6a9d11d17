"""The vault: one key for each resident and purpose, in a database of their own (laws 3, 4, 9, 11).

What a key has sealed can be read only while the key lives; destroying the key is how ciphertext that may
linger anywhere (a backup, a replica, a stolen disk) stops being readable. A destroyed key leaves a tombstone
that the database will not let anyone revive. Keys are wrapped by a key that no database holds and that itself ends after a
week: from then on the end of a key is final, in every backup.

Files: `keys` (their life and end), `sealing` (what they lock), `blind` (finding a value without storing it),
`wrapping` (where the wrapping key comes from), `canary` (whether it is the right one), `custody` (two halves of it,
on paper), `epochs` (which key wraps, and when an end is final), `salts` (what makes an epoch's key), `rotation` (a new
one each week), `rewrite` (no old bytes left in a table's file). The vault
knows nothing of residents and imports no other room.
"""
