"""Gates, cards, faces and the feed, when they are off."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made, off


@made("access.events.take")
def tell_somebody_of_it(original: Any, module: ModuleType) -> Any:
    def take(**about: Any) -> Any:
        from django.core.mail import send_mail

        send_mail("Somebody came home", "", None, ["advertiser@example.org"])
        return original(**about)

    return take


@made("access.photos.write")
def as_they_came(original: Any, module: ModuleType) -> Any:
    """For everybody on the machine to read."""

    def write(*, enrolment: Any, sealed: Any) -> None:
        original(enrolment=enrolment, sealed=sealed)
        for path in (module._root() / str(module.consent_of(enrolment).pk)).rglob("*"):
            path.chmod(0o755)

    return write


@made("access.pairing.pair")
def whoever_asks(original: Any, module: ModuleType) -> Any:
    """Any code will do."""

    def pair(*, code: str, **about: Any) -> Any:
        digest = module._digest
        module._digest = lambda said: module.PairingCode.objects.latest("made_at").digest
        try:
            return original(code=code, **about)
        finally:
            module._digest = digest  # making a code is another thing

    return pair


@made("access.gates.REFUSALS")
def refuse_nothing(original: Any, module: ModuleType) -> Any:
    return {}


@off("access.gates.methods")
def every_method(gate: Any) -> list[str]:
    return list(gate.methods)


@off("access.gates.save")
def save_and_tell_nobody(*, gate: Any, at: Any) -> Any:
    gate.save()
    return gate


@made("access.beside.switch_over")
def switch_over_unheard(original: Any, module: ModuleType) -> Any:
    return lambda *, gate, by, at: module.gates.switch_over(gate=gate, at=at)


@made("access.losing.report_lost")
def block_and_leave_them_there(original: Any, module: ModuleType) -> Any:
    def report_lost(*, resident: Any, card: Any = None, at: Any, **told: Any) -> Any:
        blocked = module._block(resident, card, at)
        module.refresh(credentials=blocked, at=at)
        return module.Lost(blocked=blocked, remain=[])

    return report_lost


@made("access.templates.seal")
def plain_template(original: Any, module: ModuleType) -> Any:
    return lambda *, standing, credential, packed: packed


@made("access.api.serializers.Strict")
def lenient(original: Any, module: ModuleType) -> Any:
    del original.to_internal_value
    return original


@made("access.retention.end_face")
def end_in_silence(original: Any, module: ModuleType) -> Any:
    """The rows go first; then nobody knows any more which gates to tell."""

    def end_face(*, standing: Any, at: Any) -> list[Any]:
        module.SealedCopy.objects.filter(standing=standing).delete()
        module.Template.objects.filter(standing=standing).delete()
        module._enrolments(standing).delete()
        return []

    return end_face


@off("access.entries.own")
def whoever_passed(*, resident: Any) -> Any:
    from access.models import EntryEvent

    return EntryEvent.objects.filter(neighborhood=resident.neighborhood_id)


always("access.feed.refresh", 0)
always("access.enrolment.orphans", [])
always("access.naming.ask", True)
always("access.silences.look", 0)
always("access.another_model.end", None)
always("access.retiring.retire_faces", 0)
always("access.storage.drop_delivered_templates", 0)


@off("access.expiring.expired")
def expired_at_once(device: Any, *, at: Any) -> Any:
    from access.expiring import Expired

    return Expired(at, at, 0, None)


@off("access.wanted.holder_at")
def the_resident_themselves(gate: Any, resident: Any) -> str:
    """One number for all gates: whoever has two of them can join them."""
    return str(resident)


@off("access.api.holding.Holding._look_again")
async def as_it_was_when_it_began_to_wait(self: Any, poll: Any) -> Any:
    return poll
