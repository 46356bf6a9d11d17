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
    def show_photo(self: Any, data: bytes, **where: Any) -> Any:
        (self._store.folder / "last.jpg").write_bytes(data)
        return original(self, data, **where)

    return show_photo


@made("gate.sealing.seal_template")
def leave_open(original: Any, module: ModuleType) -> Any:
    return lambda *, packed, **to: packed


always("gate.store.Store.prove_erasures", 0)


@made("gate.decide.decide_face")
def a_face_will_do(original: Any, module: ModuleType) -> Any:
    return lambda **about: original(**{**about, "second_factor": False})


@made("gate.decide.Today")
def a_day_like_any_other(original: Any, module: ModuleType) -> Any:
    """No special day counts, and a lock-down stops nobody."""

    class Plain(original):  # type: ignore[misc]
        def weekday(self, day: Any) -> int:
            return int(day.isoweekday())

        def stops_passes(self, now: Any) -> bool:
            return False

    return Plain


@made("gate.seconding.Button")
def whoever_walks_past(original: Any, module: ModuleType) -> Any:
    class Pressed(original):  # type: ignore[misc]
        def takes(self, at_door: str, *, now: float) -> bool:
            return True

    return Pressed


always("gate.safe.is_secret", False)


@off("gate.safe.Safe.close_text")
def as_it_came(self: Any, text: str | None, about: str) -> str | None:
    return text


always("gate.terminals.wall.Wall.may_prove", True)
always("gate.terminals.roster.Roster.is_gone", True)


@made("gate.terminals.gateway.Gateway.admit")
def admit_by_number(original: Any, module: ModuleType) -> Any:
    """As terminals are let in elsewhere: whoever gives a serial number is that terminal."""
    return lambda self, serial, address: self._terminal(serial)


@made("gate.terminals.entries.ENTRIES_KEPT")
def for_ever(original: Any, module: ModuleType) -> Any:
    return original * 1000


@made("gate.terminals.serving.LOOKED_AT")
def look_at_pictures(original: Any, module: ModuleType) -> Any:
    """Whatever a terminal sends is taken for something to be kept."""
    return {*original, "ATTPHOTO", "BIODATA", "FACE"}


@off("gate.wire.check_new_keys")
def whatever_key_is_named(*, device: str, public_key: str, sealing_key: str, proof: str) -> None:
    """Who asks need not hold it."""
