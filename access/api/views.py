"""The things a gate's device says. Each view parses, calls once, answers; each answer is signed."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access import events, pairing, receipts, renewing, states
from access.api import polling, problems, serializers, throttles
from access.api.authentication import (
    DeviceSignature,
    Revoked,
    Signer,
    addressed,
    insist_on_first,
    insist_on_fresh,
    refused,
    verify,
)
from access.api.parsing import StrictJSON
from access.api.problems import Problem
from access.devices import Caller, note_poll
from access.signing import server_key
from gate import wire

MOST_BYTES = 1024 * 1024
PROBLEMS = {(status, problems.CONTENT_TYPE): serializers.ProblemOut for status in ("4XX", "503")}


class _OnlyJSON(BaseContentNegotiation):
    """There is one form of answer, whatever the caller prefers."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((each for each in parsers if sent == each.media_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class GateView(APIView):
    """Signed in, signed out."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (DeviceSignature,)
    permission_classes = ()
    parser_classes = (StrictJSON,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = _OnlyJSON
    throttle_classes = ()
    signer: Signer | None = None

    @property
    def caller(self) -> Caller:
        assert self.signer is not None  # by the authentication class
        return self.signer.caller

    def too_large(self) -> Problem:
        detail = f"At most {MOST_BYTES} bytes at once."
        return Problem("too-large", 413, detail, more={"max_bytes": MOST_BYTES})

    def get_exception_handler(self) -> Any:
        return problems.handle

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before a byte of the body is read: who sends it is not known yet.
        if _announced(request) > MOST_BYTES:
            raise self.too_large()
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        found: object = request.auth
        self.signer = found if isinstance(found, Signer) else None

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        signer = exc.signer if isinstance(exc, Revoked) else self.signer
        if signer is not None and isinstance(response.data, dict):
            response.data |= addressed(signer)
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Signs what was addressed to somebody, as it goes out, byte for byte."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        if "request" in response.data:
            response.render()
            signed = wire.sign_response(
                key=server_key(), status=response.status_code, body=response.content, created=int(time.time())
            )
            for name, value in signed.items():
                response[name] = value
        return response

    def answer(self, **data: Any) -> Response:
        assert self.signer is not None
        return Response({**addressed(self.signer), **data, "server_time": timezone.now()})


def _announced(request: Request) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0  # nothing is read then


def _read(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found


class Pair(GateView):
    """The one request that brings its own key: it proves that the caller holds it, the code proves the rest."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    http_method_names = ("post",)

    @extend_schema(request=serializers.PairIn, responses={200: serializers.PairOut, **PROBLEMS}, auth=[])
    def post(self, request: Request) -> Response:
        throttles.insist_on_few_guesses(request)
        body = request.body  # before the parser takes the stream: the signature is over these bytes
        said = _read(serializers.PairIn(data=request.data))
        try:
            signed = verify(request, Ed25519PublicKey.from_public_bytes(said["public_key"]))
        except wire.BadSignature as bad:
            raise refused(bad) from bad
        if signed.keyid != wire.PAIRING_KEYID or not body:
            raise Problem("signature-wrong", 401, "A device without an id signs as `pairing`.")
        insist_on_fresh(signed)
        insist_on_first(signed)
        try:
            paired = pairing.pair(**said, at=timezone.now())
        except pairing.PairingRefused as error:
            throttles.count_guess(request)
            raise Problem(error.code, 403, error.says) from error
        return Response(
            {
                "device": paired.device.pk,
                "request": signed.nonce,
                "server_time": timezone.now(),
                "gate": paired.device.gate_id,
                "server_key": wire.encode_key(server_key().public_key()),
                "card_key": base64.b64encode(paired.card_key).decode(),
            }
        )


class _Page(JSONRenderer):
    def render(self, data: Any, *_: Any, **__: Any) -> bytes:
        return polling.encode(data)


class Feed(GateView):
    http_method_names = ("get",)
    renderer_classes = (_Page,)

    @extend_schema(
        parameters=[
            OpenApiParameter("cursor", str),
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": serializers.MOST_PAGE},
                description="rows on a page",
            ),
            OpenApiParameter(
                "wait",
                {"type": "integer", "minimum": 0, "maximum": serializers.LONGEST_WAIT},
                description="seconds for which an answer that says nothing may be held back, until something is new",
            ),
        ],
        responses={200: serializers.FeedOut, **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        """Presenting a cursor acknowledges everything up to it. Without one, a snapshot begins. This server answers at once,
        whatever `wait` says; the gates' own server waits."""
        assert self.signer is not None
        now = timezone.now()
        asked = polling.read_query(request.META.get("QUERY_STRING", ""))
        poll = polling.read_poll(signer=self.signer, asked=asked)
        page = polling.page_for(poll, at=now)
        note_poll(caller=self.caller, holds=poll.holds, at=now)
        return self.answer(**page)


class Keys(GateView):
    http_method_names = ("post",)

    @extend_schema(request=serializers.NewKeysIn, responses={200: serializers.NewKeysOut, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """From now on the device signs with this key, and is sealed to that one. Signed with the key that it has."""
        said = _read(serializers.NewKeysIn(data=request.data))
        device = self.caller.device
        try:
            wire.check_new_keys(
                device=str(device.pk),
                public_key=wire.encode_raw(said["public_key"]),
                sealing_key=wire.encode_raw(said["sealing_key"]),
                proof=said["proof"],
            )
        except ValueError as error:
            raise Problem("keys-unproven", 400, f"Nothing was changed: {error}.") from error
        try:
            card_key = renewing.renew(
                device=device, public_key=said["public_key"], sealing_key=said["sealing_key"]
            )
        except pairing.KeyInUse as error:
            raise Problem(error.code, 403, error.says) from error
        except renewing.DeviceGone as error:
            raise Problem(wire.WRONG, 401, "This device signs with another key by now.") from error
        return self.answer(card_key=base64.b64encode(card_key).decode())


class Receipts(GateView):
    http_method_names = ("post",)

    @extend_schema(request=serializers.ReceiptsIn, responses={200: serializers.ReceiptsOut, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """The device erased these credentials, and read back that nothing of them is left."""
        _insist_on_few(request.data, "receipts")
        said = _read(serializers.ReceiptsIn(data=request.data))
        taken = receipts.take(
            device=self.caller.device,
            receipts=[receipts.Receipt(**each) for each in said["receipts"]],
            at=timezone.now(),
        )
        return self.answer(accepted=len(taken.accepted), unknown=taken.unknown, stale=taken.stale)


class Events(GateView):
    http_method_names = ("post",)

    def too_large(self) -> Problem:
        return _too_many("events")

    @extend_schema(request=serializers.EventsIn, responses={200: serializers.EventsOut, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """What happened at the door. May be sent twice, late and out of order."""
        _insist_on_few(request.data, "events")
        said = _read(serializers.EventsIn(data=request.data))
        if (state := said.get("state")) is not None:
            states.note(device=self.caller.device, said=states.Said(**state), at=timezone.now())
        recorded = events.take(
            device=self.caller.device,
            boot=said["boot"],
            events=[events.Seen(**each) for each in said["events"]],
            at=timezone.now(),
        )
        return self.answer(
            accepted=recorded.accepted,
            duplicates=recorded.duplicates,
            unknown=recorded.unknown,
        )


class Nowhere(GateView):
    """Whatever else is asked for under this API."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Problem("not-found", 404, "There is nothing here.")


def _insist_on_few(data: Any, name: str) -> None:
    listed = data.get(name)
    if isinstance(listed, list) and len(listed) > serializers.MOST:
        raise _too_many(name)


def _too_many(name: str) -> Problem:
    most = serializers.MOST
    more = {f"max_{name}": most, "max_bytes": MOST_BYTES}
    return Problem(f"too-many-{name}", 413, f"At most {most} {name} at once.", more=more)
