"""Screens, sweeps and what stands before a screen, when they are off."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made, off


@made("portal.screens.doors.let_in")
def let_in_by_anything(original: Any, module: ModuleType) -> Any:
    return lambda request, user, *, shown, shared=False: module.login(request, user, backend=module.BACKEND)


always("portal.office.is_shown", True)
always("portal.office.is_shut", False)
always("portal.office.may_set_up", True)
always("portal.office.looks_again", False)


@off("portal.screens.second_step.shown")
def any_code_does(request: Any, user: Any, form: Any) -> Any:
    from portal.screens.doors import Shown

    return Shown.PASSWORD_AND_CODE


@made("portal.audit.sheet")
def with_names_and_reasons(original: Any, module: ModuleType) -> Any:
    def sheet(span: Any) -> Any:
        looks = module.residents.audited.looks(span)
        return [
            {**line, "account": "x"}
            for look in looks
            for line in [module._line(look.reason, look.by.username, "1", look.resident_id)]
        ]

    return sheet


@off("portal.screens.again.open_until")
def open_for_ever(request: Any, at: Any) -> Any:
    from datetime import timedelta

    return at + timedelta(minutes=1)


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


always("portal.screens.patience.may_try", True)
always("portal.screens.patience.may_try_code", True)
always("portal.erasure.run_all", True)
always("portal.retention.sweep", [])
always("portal.sweeps.sweep", True)
always("portal.screens.record.export.written", ["{}"])
always("portal.screens.desk.due_to_committees.alarms_unread", [])


@off("portal.screens.receiving.entrance.recipient_only")
def anybody_is_the_recipient(view: Any) -> Any:
    def seen(request: Any, *args: Any, **kwargs: Any) -> Any:
        from sharing.models import RecipientAccount

        request.account = RecipientAccount.objects.exclude(user=None).first()
        return view(request, *args, **kwargs)

    return seen


@made("portal.journalling.keep_order")
def say_that_it_is_written(original: Any, module: ModuleType) -> Any:
    return lambda *, order, at: module.ErasureOrder.objects.filter(pk=order).update(journalled_at=at)


always("portal.replaying.run", [])
always("portal.putting_back.departed", [])


@made("portal.processing.document")
def no_more_than_words(original: Any, module: ModuleType) -> Any:
    return lambda: module.HEAD


always("portal.processing.uncovered", [])
always("portal.lateness.look", 0)
always("portal.lateness.is_silent", False)


@made("portal.handing_over.manifest")
def without_its_keys_and_open_work(original: Any, module: ModuleType) -> Any:
    """A list that leaves out what is awkward."""
    left_out = (module.Kind.KEYS, module.Kind.WORK)
    return lambda handover, *, at: [line for line in original(handover, at=at) if line.kind not in left_out]


always("portal.screens.suspended.told", [])
always("portal.screens.record.asked.service", [])
