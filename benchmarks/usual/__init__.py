"""How an API for devices is usually made, as the rival of our feed: a ModelViewSet, a token, guardian's permissions on each
object, and a filter by `updated_at`. With the middleware that `startproject` writes, and nothing of ours."""
