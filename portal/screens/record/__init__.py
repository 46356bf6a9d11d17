"""My record: who looked at my details, what was given to whom, what I decided, and everything else that is kept of it.

`sources` says what there is, `lines` how each of it reads, `shapes` how a program reads it, `paging` and `sifting` how much
of it is shown at once. My own entries lie behind `again`: the password, asked anew (law 6).
"""
