"""What runs at the door, when it is off."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made, off


@made("gate.decide.decide_card")
@made("gate.decide.decide_pin")
def refuse_all(original: Any, module: ModuleType) -> Any:
    """This way in is no way in."""
    return lambda **asked: module.Decision(False, module.Reason.UNKNOWN_CARD)


@made("gate.decide.decide_code")
def refuse_codes(original: Any, module: ModuleType) -> Any:
    return lambda *, token, **asked: module.Decision(
        False, module.Reason.UNKNOWN_CODE, token.credential, token.kind
    )


@made("gate.decide.FACE_DISTANCE")
def loose(original: float, module: ModuleType) -> float:
    return 0.6  # face_recognition's own


@made("gate.wire.verify_request")
def believe(original: Any, module: ModuleType) -> Any:
    def verify_request(*, headers: Any, **asked: Any) -> Any:
        return module._parse_request(module._lower(headers))[1]

    return verify_request


@made("gate.tokens.read")
def believe_code(original: Any, module: ModuleType) -> Any:
    class AnyKey:
        def verify(self, signature: bytes, data: bytes) -> None: ...

    return lambda text, *, key: original(text, key=AnyKey())


@made("gate.agent.Agent.show_photo")
def keep_the_photo(original: Any, module: ModuleType) -> Any:
    def show_photo(self: Any, data: bytes) -> Any:
        (self._store.folder / "last.jpg").write_bytes(data)
        return original(self, data)

    return show_photo


@made("gate.sealing.seal_template")
def leave_open(original: Any, module: ModuleType) -> Any:
    return lambda *, packed, **to: packed


always("gate.store.Store.prove_erasures", 0)


@off("gate.wire.check_new_keys")
def whatever_key_is_named(*, device: str, public_key: str, sealing_key: str, proof: str) -> None:
    """Who asks need not hold it."""
