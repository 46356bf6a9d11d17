from tests.screens.conftest import anybody, me, sign_in, them

__all__ = ["anybody", "me", "sign_in", "them"]
