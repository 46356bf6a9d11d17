"""What it means that a piece of code is off: by default that it does nothing, and answers nothing.

Where somebody waits for its answer, `None` would only make the caller fall over, which proves nothing (and does not
count: see `plugin.counts`). Then it is written here: it lets everything pass, or says it did what it did not do, or
brings back the very failure that it is there against.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

# Qualified name -> what stands there instead, made from the original and its module.
INSTEAD: dict[str, Callable[[Any, ModuleType], Any]] = {}


class NobodySaid(Exception):
    """What it means that this is off: a class or a value needs an entry here."""


def instead_of(name: str, original: Any, module: ModuleType) -> Any:
    if name in INSTEAD:
        return INSTEAD[name](original, module)
    if isinstance(original, type) or not callable(original):
        raise NobodySaid(name)
    return lambda *args, **kwargs: None


def off(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The function below stands instead of it."""

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        INSTEAD[name] = lambda original, module: function
        return function

    return keep


def made(name: str) -> Callable[[Callable[[Any, ModuleType], Any]], Callable[[Any, ModuleType], Any]]:
    """The function below makes it, from the original and its module."""

    def keep(maker: Callable[[Any, ModuleType], Any]) -> Callable[[Any, ModuleType], Any]:
        INSTEAD[name] = maker
        return maker

    return keep


def always(name: str, answer: Any) -> None:
    """It does nothing, and says this."""
    INSTEAD[name] = lambda original, module: lambda *args, **kwargs: answer


# --- gate: what runs at the door


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
        module._digest = lambda said: module.PairingCode.objects.latest("made_at").digest
        return original(code=code, **about)

    return pair


@made("gate.agent.Agent.show_photo")
def keep_the_photo(original: Any, module: ModuleType) -> Any:
    def show_photo(self: Any, data: bytes) -> Any:
        (self._store.folder / "last.jpg").write_bytes(data)
        return original(self, data)

    return show_photo


always("gate.store.Store.prove_erasures", 0)


@made("gate.sealing.seal_template")
def leave_open(original: Any, module: ModuleType) -> Any:
    return lambda *, packed, **to: packed


# --- vault


@made("vault.sealing.encrypt")
def encrypt_nothing(original: Any, module: ModuleType) -> Any:
    module._open = lambda plain_key, item: bytes(item.ciphertext)
    return lambda *, key, plaintext, context: plaintext


@off("vault.blind.index")
def look_up_by_plain_hash(*, domain: str, value: str) -> bytes:
    """Whoever has the database tries all phone numbers in an hour."""
    import hashlib

    return hashlib.sha256(value.encode()).digest()


always("vault.rewrite.rewrite", True)
always("vault.rewrite.rewrite_keys", True)


# --- ledger


@made("ledger.record.record")
def record_nothing(original: Any, module: ModuleType) -> Any:
    return lambda **act: module.Entry()


@made("ledger.merkle.node_hash")
def leave_the_link_out(original: Any, module: ModuleType) -> Any:
    return lambda left, right: original(right, right)


# --- committees


@off("committees.roles.capacities")
def of_every_body(**asked: Any) -> dict[str, str]:
    """What is asked of one is everybody's."""
    return {kind: f"{kind}.clerk" for kind in ("owners", "residents", "property")}


always("committees.said.forget_person", [])


# --- residents


@off("residents.lookups.details")
def details_without_reason(*, resident: Any, by: Any, at: Any) -> tuple[str, str]:
    from residents import contact

    return resident.name, contact.phone_of(resident)


@off("residents.lookups.masked")
def unmasked(name: str) -> str:
    return name


@made("residents.lookups.look_up")
def look_unseen(original: Any, module: ModuleType) -> Any:
    return lambda *, resident, by, reason, capacity, at, event=None: module.LookUp(
        resident=resident, by=by, at=at, until=at + module.OPEN_FOR
    )


@made("residents.finding.by_phone")
def everybody(original: Any, module: ModuleType) -> Any:
    return lambda text, *, neighborhood: list(
        module.Resident.objects.living().filter(neighborhood=neighborhood)
    )


@made("residents.register.register")
def insist_on_a_phone(original: Any, module: ModuleType) -> Any:
    def register(*, phone: str = "", **about: Any) -> Any:
        if not phone:
            raise module.contact.PhoneRefused
        return original(phone=phone, **about)

    return register


@made("residents.claiming.open_account")
def agree_in_the_same_breath(original: Any, module: ModuleType) -> Any:
    def open_account(*, letter: Any, at: Any, **account: Any) -> Any:
        from consent import deciding, voices
        from consent.models import Form, Purpose
        from residents.models import Resident

        user = original(letter=letter, at=at, **account)
        resident = Resident.objects.get(user=user)
        forms = Form.objects.filter(neighborhood=resident.neighborhood, state="published")
        for form in sorted(forms, key=lambda each: list(Purpose).index(Purpose(each.purpose))):
            voice = voices.own(user, "en")
            deciding.give(resident=resident, purpose=Purpose(form.purpose), form=form, voice=voice, at=at)
        return user

    return open_account


@made("residents.claiming.recover")
def recover_for_anybody(original: Any, module: ModuleType) -> Any:
    def recover(*, letter: Any, password: str, at: Any) -> Any:
        from residents.models import Letter

        user = Letter.objects.get(pk=letter).resident.user
        user.set_password(password)
        user.save(update_fields=["password"])
        return user

    return recover


@made("residents.one_time_codes.begun")
def shown_to_every_session(original: Any, module: ModuleType) -> Any:
    def begun(*, user: Any, at: Any, known: Any) -> Any:
        waiting = module.SecondStep.objects.standing().filter(user=user, confirmed_at=None).first()
        return original(user=user, at=at, known=waiting.pk if waiting else None)

    return begun


@made("residents.letters.end_ways_back")
def end_slips_too(original: Any, module: ModuleType) -> Any:
    def end_ways_back(*, resident: Any, at: Any) -> int:
        back = module.Letter.objects.filter(resident=resident, purpose=module.Letter.Purpose.RECOVER)
        return int(module._end(back, resident, at))

    return end_ways_back


always("residents.passkeys.remove_all", 0)


@made("portal.screens.doors.let_in")
def let_in_by_anything(original: Any, module: ModuleType) -> Any:
    return lambda request, user, *, shown: module.login(request, user, backend=module.BACKEND)


@made("residents.letters.write")
def write_to_phones_only(original: Any, module: ModuleType) -> Any:
    def write(*, resident: Any, **letter: Any) -> Any:
        if not resident.phone_index:
            raise module.LetterRefused("no phone")
        return original(resident=resident, **letter)

    return write


@made("residents.desk.ScopedAdmin._log")
def history_with_names(original: Any, module: ModuleType) -> Any:
    def _log(self: Any, request: Any, obj: Any, flag: int, message: Any) -> Any:
        entry = original(self, request, obj, flag, message)
        entry.object_repr = str(getattr(obj, "name", obj))
        entry.save()
        return entry

    return _log


@made("residents.retention.Rule")
def rules_without_end(original: Any, module: ModuleType) -> Any:
    original.__post_init__ = lambda self: None
    return original


always("residents.standing_by.is_guardian", True)
always("consent.terms.said_in", [])  # whatever a form says
always("residents.leaving.close", False)
always("residents.importing.life.forget", False)


@off("residents.importing.identity.without_identity")
def with_identity(text: str) -> tuple[str, bool]:
    return text, False


# --- consent


always("consent.publishing.missing_parts", [])


@made("consent.deciding.give")
def give_whatever_was_shown(original: Any, module: ModuleType) -> Any:
    """To any form, of any version, at any age; and one yes is a yes to everything."""

    def give(*, resident: Any, purpose: Any, form: Any, voice: Any, at: Any) -> Any:
        others = module.Form.objects.filter(neighborhood=resident.neighborhood, state="published")
        standings = []
        for each in (form, *others.exclude(purpose=purpose)):
            if module.Standing.objects.filter(resident=resident, purpose=each.purpose).exists():
                continue
            decision = module.write(
                resident=resident, form=each, kind=module.Decision.Kind.GIVEN, voice=voice
            )
            standings.append(
                module.Standing.objects.create(
                    neighborhood_id=resident.neighborhood_id,
                    resident=resident,
                    purpose=each.purpose,
                    decision=decision,
                    since=at,
                    expires_at=at + module.timedelta(days=each.life_days or 365),
                )
            )
        return standings[0] if standings else module.Standing.objects.get(resident=resident, purpose=purpose)

    return give


@made("consent.withdrawal.withdraw")
@made("consent.withdrawal.expire")
def say_that_it_ended(original: Any, module: ModuleType) -> Any:
    """An order is shown, and nothing ended."""
    return lambda **act: module.ErasureOrder(cause=module.ErasureOrder.Cause.WITHDRAWN)


# --- committees


@made("committees.roles.neighborhoods")
def everywhere(original: Any, module: ModuleType) -> Any:
    return lambda *, user, perm, at: module.Neighborhood.objects.all()


# --- sharing


@made("sharing.models.Field")
def sell_templates(original: Any, module: ModuleType) -> Any:
    from django.db import models

    choices = {each.name: (each.value, each.label) for each in original}
    return models.TextChoices("Field", {**choices, "TEMPLATE": ("template", "template")})


# --- access


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
always("access.retiring.retire_faces", 0)
always("access.storage.drop_delivered_templates", 0)


# --- portal


@off("portal.screens.again.open_until")
def open_for_ever(request: Any, at: Any) -> Any:
    from datetime import timedelta

    return at + timedelta(minutes=1)


always("portal.screens.patience.may_try", True)
always("portal.screens.patience.may_try_code", True)
always("portal.erasure.run", True)
always("portal.retention.sweep", [])
always("portal.sweeps.sweep", True)


@made("portal.screens.again.anothers_password")
def whoever_is_signed_in(original: Any, module: ModuleType) -> Any:
    def anothers_password(request: Any, account: Any) -> Any:
        return module.admin.site.get_model_admin(module.User).user_change_password(request, str(account))

    return anothers_password


@made("portal.screens.account_news.told")
def the_newest_five(original: Any, module: ModuleType) -> Any:
    return lambda **about: original(**about)[:5]


@made("portal.logs.WithoutCodes")
def log_all(original: Any, module: ModuleType) -> Any:
    original.filter = lambda self, record: True
    return original


@made("portal.screens.retention.schedule")
def say_nothing(original: Any, module: ModuleType) -> Any:
    return lambda request: module.HttpResponse("")


@made("portal.screens.again.shown")
def believe_whoever_sits_there(original: Any, module: ModuleType) -> Any:
    def shown(request: Any, form: Any, at: Any) -> bool:
        by = request.user.get_session_auth_hash()
        request.session[module.KEPT] = {"at": at.timestamp(), "by": by}
        return True

    return shown


always("portal.screens.record.export.written", ["{}"])


@made("portal.screens.desk.entrance.staff_only")
def let_everybody_in(original: Any, module: ModuleType) -> Any:
    from functools import wraps

    def staff_only(*perms: str, **kinds: bool) -> Any:
        def guard(view: Any) -> Any:
            @wraps(view)
            def seen(request: Any, /, *args: Any, **kwargs: Any) -> Any:
                from residents.models import Neighborhood

                at = module.timezone.now()
                held = module.rights(request.user, at) if request.user.is_authenticated else {}
                everywhere = list(Neighborhood.objects.order_by("pk"))
                in_hand = module._in_hand(request, list(held)) if held else everywhere[0]
                every = frozenset(dict(Neighborhood._meta.permissions))
                request.at, request.neighborhood, request.rights = at, in_hand, every
                request.choices = []
                return view(request, *args, **kwargs)

            return seen

        return guard

    return staff_only


# --- committees: what is public


@made("committees.public.Member.of")
def with_their_account(original: Any, module: ModuleType) -> Any:
    """Something of the person beside what is public."""

    def of(term: Any) -> Any:
        shown = original(term)
        return module.Member(
            f"{shown.name} {term.user.username}".strip(), shown.post, shown.starts, shown.last_day
        )

    return of


@made("committees.public.in_office")
def whoever_was(original: Any, module: ModuleType) -> Any:
    return lambda *, neighborhood, at: list(module.Term.objects.filter(neighborhood=neighborhood))


@made("committees.wording.broken")
def nothing_is(original: Any, module: ModuleType) -> Any:
    return lambda *, notice: []


@made("committees.roles.bodies")
def any_body(original: Any, module: ModuleType) -> Any:
    """Whoever works here speaks for each body here."""
    return lambda *, user, perm, at: module.Committee.objects.all()
