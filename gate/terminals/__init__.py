"""Terminals that are on the wall already and speak the PUSH protocol: a gateway between them and the site.

To the site each terminal is a gate device like any other, with its own keys, its own store and its own signed requests
(`gate.agent`). To a terminal the gateway is the server that it polls (`/iclock/getrequest`). What stands between is a
translation, and the laws that the terminal does not know:

- law 12: that a terminal answered "deleted" proves nothing. It is asked whom it still has, and only its own silence about
  this one, while it still tells of another, becomes a receipt (`roster`).
- law 10: no name, no picture, no face and no fingerprint is sent to a terminal, asked of it, or kept when it sends one.
- law 13: a card that the gateway knows the number of is in the terminal and opens without gateway and site.

The site holds a card's digest and a PIN's hash and a terminal wants the plain thing: how the gateway learns it, and what
that costs, is in `docs/adr/0056-a-terminal-is-taught-card-by-card.md`; what an installer has to know in `docs/terminals.md`.

The protocol is plain HTTP without any proof of who speaks: the gateway stands in a private network, or not at all.
"""
