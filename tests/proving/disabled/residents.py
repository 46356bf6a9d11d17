"""People, their letters and accounts, when what protects them is off."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made, off


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


@off("residents.alarms.if_refused")
def refused_in_silence(kinds: Any, **about: Any) -> Any:
    from django.db import transaction

    return transaction.atomic()


@off("residents.watching.accounts_of")
def each_account_alone(user: Any) -> list[Any]:
    return [user.pk]


always("residents.auditing.open_due", 0)
always("residents.auditing.ring", 0)
always("residents.accounts.lose_step", None)


@made("residents.auditing.close")
def closed_by_anybody(original: Any, module: ModuleType) -> Any:
    def close(*, audit: Any, by: Any, findings: str, at: Any) -> Any:
        closed = {
            "closed_at": at,
            "closed_by": by,
            "capacity": "residents.auditor",
            "findings": findings or "-",
        }
        module.MinorsAudit.objects.filter(pk=audit.pk).update(**closed)
        audit.refresh_from_db()
        return audit

    return close


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


@made("residents.keeping.Rule")
def rules_without_end(original: Any, module: ModuleType) -> Any:
    original.__post_init__ = lambda self: None
    return original


@off("residents.importing.identity.without_identity")
def with_identity(text: str) -> tuple[str, bool]:
    return text, False


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


always("residents.standing_by.is_guardian", True)
always("residents.watching.allow", 0)
always("residents.watching.is_near_home", False)
always("residents.emergencies.reviewing", "owners.chair")
always("residents.leaving.close", False)
always("residents.passkeys.remove_all", 0)
always("residents.importing.life.forget", False)
always("residents.holds.keep", 0)
always("residents.holds.restricts", False)
always("residents.holds.tell_due", 0)
always("residents.holds.expire", 0)
