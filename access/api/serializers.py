"""What comes in, checked field by field, and the shape of what goes out (for the schema)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from access.models.events import CODE
from access.models.states import MOST_OFF, MOST_WAITING, VERSION
from gate import wire

MOST = 500  # rows, receipts or events at once
MOST_PAGE, USUAL_PAGE = MOST, 200
LONGEST_WAIT = 60  # seconds; most proxies on the way cut a silence that is longer
_DIGEST = r"^[0-9a-f]{64}$"
_BIGGEST = 2**63 - 1


class Strict(serializers.Serializer[Any]):
    """A number is a number and a text is a text: nothing is converted on the way in, and nothing is passed over.

    What was not asked for is refused rather than dropped (F3): a device that sends photos or names is to stop.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unasked := sorted(data.keys() - self.fields.keys())):
            raise serializers.ValidationError({name[:40]: "Not asked for." for name in unasked})
        return super().to_internal_value(data)


class Text(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class Id(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=type(data).__name__)
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """With its zone, for a time without one says nothing. A clock may be decades off, but not so far that the time
    could no longer be shown in every zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: Any) -> Any:
        if value.tzinfo is None:
            self.fail("invalid", format="2026-05-01T08:00:00+08:00")
        moment = super().enforce_timezone(value)
        if not 1970 <= moment.year < 2200:
            self.fail("overflow", timezone="UTC")
        return moment


class KeysIn(Strict):
    public_key = Text(max_length=44, help_text="Ed25519, 32 bytes, base64")
    sealing_key = Text(max_length=44, help_text="X25519, 32 bytes, base64")

    def validate_public_key(self, value: str) -> bytes:
        try:
            return wire.decode_signing_key(value).public_bytes_raw()
        except ValueError as error:
            raise serializers.ValidationError("Not an Ed25519 public key in base64.") from error

    def validate_sealing_key(self, value: str) -> bytes:
        try:
            return wire.decode_sealing_key(value).public_bytes_raw()
        except ValueError as error:
            raise serializers.ValidationError("Not an X25519 public key in base64.") from error


class PairIn(KeysIn):
    code = Text(max_length=40)


class NewKeysIn(KeysIn):
    proof = Text(
        max_length=88, help_text="Ed25519, base64: by the new key, over both keys and the device's id"
    )


class ReceiptIn(Strict):
    credential = Id()
    version = Whole(min_value=0, max_value=_BIGGEST)
    erased_at = Moment()


class ReceiptsIn(Strict):
    receipts = ReceiptIn(many=True)


class EventIn(Strict):
    sequence = Whole(min_value=0, max_value=_BIGGEST)
    at = Moment()
    kind = serializers.ChoiceField(["card", "face", "pin", "qr", "pass", "unknown", "remote", "emergency"])
    credential = Id(allow_null=True, default=None, help_text="of `remote` and `emergency`: the order")
    outcome = serializers.ChoiceField(["opened", "refused", "would_open"])
    reason = Text(validators=[RegexValidator(CODE)], max_length=40, default="", allow_blank=True)
    digest = Text(
        validators=[RegexValidator(_DIGEST)],
        allow_null=True,
        default=None,
        help_text="hex, of an unknown card; used at once and not kept with the event",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["digest"] is not None and attrs["kind"] != "unknown":
            raise serializers.ValidationError({"digest": ["Only of an unknown card."]})
        return attrs


class StateIn(Strict):
    """How the reader is, by its own account. Numbers, one word of three, and a version."""

    waiting = Whole(min_value=0, max_value=MOST_WAITING, help_text="events it has yet to send after these")
    power = serializers.ChoiceField(["mains", "battery", "unknown"])
    agent = Text(max_length=20, validators=[RegexValidator(VERSION)], help_text="version of its program")
    clock_off = Whole(
        min_value=-MOST_OFF, max_value=MOST_OFF, help_text="seconds its own clock is ahead of the site's"
    )


class EventsIn(Strict):
    boot = Id()
    events = EventIn(many=True)
    state = StateIn(required=False, help_text="kept once a minute at most")


# What goes out.


class Envelope(serializers.Serializer[Any]):
    device = serializers.UUIDField()
    request = serializers.CharField(help_text="the nonce of the request that this answers")
    server_time = serializers.DateTimeField()


class PairOut(Envelope):
    gate = serializers.UUIDField()
    server_key = serializers.CharField(help_text="Ed25519, base64: signs every answer from now on")
    card_key = serializers.CharField(help_text="base64, sealed to the device (HPKE)")


class NewKeysOut(Envelope):
    card_key = serializers.CharField(help_text="base64, sealed to the device's new key (HPKE)")


class WindowOut(serializers.Serializer[Any]):
    valid_from = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    days = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=7))

    def get_fields(self) -> dict[str, Any]:  # `from` is a word of Python's own
        times = {name: serializers.CharField(help_text="HH:MM") for name in ("from", "to")}
        return {**super().get_fields(), **times}


class RowOut(serializers.Serializer[Any]):
    credential = serializers.UUIDField()
    version = serializers.IntegerField()
    present = serializers.BooleanField()
    kind = serializers.ChoiceField(["card", "face", "pin", "qr", "pass"], required=False)
    digest = serializers.CharField(required=False, help_text="hex; cards")
    template = serializers.CharField(required=False, help_text="base64, sealed to the device; faces")
    number = serializers.CharField(
        required=False, help_text="five digits, typed before the PIN; PINs and passes"
    )
    verifier = serializers.CharField(
        required=False, help_text="the PIN as argon2id (PHC string); PINs and passes"
    )
    once = serializers.BooleanField(required=False, help_text="opens each gate once; passes")
    holder = serializers.UUIDField(
        required=False,
        help_text="whose it is, by a pseudonym of this gate; faces and PINs, with `second_factor`",
    )
    windows = WindowOut(many=True, required=False)


class OrderOut(serializers.Serializer[Any]):
    order = serializers.UUIDField(help_text="spend it before the lock moves")
    until = serializers.DateTimeField()


class FeedOut(Envelope):
    gate = serializers.UUIDField()
    time_zone = serializers.CharField()
    methods = serializers.ListField(child=serializers.CharField())
    offline_hours = serializers.IntegerField(
        help_text="how long faces, QR codes and passes go on opening when the site is silent; cards and PINs always do"
    )
    face_offline_hours = serializers.IntegerField(help_text="the same, under its name of before")
    cursor = serializers.CharField()
    more = serializers.BooleanField()
    poll_after = serializers.IntegerField(help_text="seconds")
    held = serializers.BooleanField(
        required=False, help_text="asked with `wait`, where waiting is done: ask again at once"
    )
    beside = serializers.BooleanField(
        help_text="an old controller opens the door: decide and report, open nothing"
    )
    high_risk = serializers.BooleanField(help_text="a face alone never opens here")
    second_factor = serializers.BooleanField(help_text="a face is asked for a card or a PIN as well")
    calendar = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        help_text="days that count as another day of the week, 1 is Monday",
    )
    call = serializers.CharField(allow_blank=True, help_text="the telephone to ring when the gate stays shut")
    held_open = OrderOut(allow_null=True, help_text="an emergency: hold the lock open until then")
    open_once = OrderOut(allow_null=True, help_text="opened by the staff: open once, never again")
    locked_down_until = serializers.DateTimeField(
        allow_null=True, help_text="until then no visitor's pass opens inward; residents' ways in do"
    )
    rows = RowOut(many=True)
    keep = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="at the end of a snapshot: erase all others"
    )


class ReceiptsOut(Envelope):
    accepted = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.UUIDField())
    stale = serializers.ListField(child=serializers.UUIDField())


class EventsOut(Envelope):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.UUIDField())


class ProblemOut(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="urn:linmen:problem:<code>")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    server_time = serializers.DateTimeField()
