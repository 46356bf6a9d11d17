"""From a code on a letter to an account that is of nobody here, and to a key that was heard on the telephone."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from ledger.models import Opening
from residents.models import Resident, User
from sharing import challenges, joining, recipient_keys
from sharing.joining import HasAccount, JoinRefused
from sharing.models import Recipient, RecipientAccount, RecipientKey
from sharing.recipient_keys import KeyRefused
from tests.cast import PASSWORD
from tests.sharing.outside import Keys, joined, known, proven


@pytest.fixture
def recipient(here) -> Recipient:
    """Nobody has been invited for it yet."""
    return Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")


def _join(code: str, at, name: str = "water") -> RecipientAccount:
    return joining.join(code=code, username=name, password=PASSWORD, language="en", address="10.0.0.1", at=at)


@pytest.fixture
def code(recipient, clerk, now) -> str:
    return joining.invite(recipient=recipient, by=clerk, at=now).code


@pytest.fixture
def account(recipient, clerk, now) -> RecipientAccount:
    return joined(recipient, by=clerk, at=now)


class TestTheCode:
    def test_it_opens_an_account_once(self, code, now):
        account = _join(code.lower().replace("-", " "), now)
        assert account.user is not None
        assert account.user.check_password(PASSWORD)
        with pytest.raises(JoinRefused) as refused:
            _join(code, now, "again")
        assert refused.value.reason == "used"
        assert not User.objects.filter(username="again").exists()

    def test_it_stands_nowhere_as_it_is_typed(self, code):
        plain = code.replace("-", "").encode()
        [row] = RecipientAccount.objects.all()
        assert plain not in bytes(row.digest)
        [said] = Opening.objects.filter(entry__kind="recipient.invited")
        assert code not in str(said.payload)

    def test_it_is_good_for_two_weeks(self, code, now):
        with pytest.raises(JoinRefused) as refused:
            _join(code, now + timedelta(days=14))
        assert refused.value.reason == "expired"

    def test_a_newer_one_ends_it(self, code, recipient, clerk, now):
        joining.invite(recipient=recipient, by=clerk, at=now)
        with pytest.raises(JoinRefused) as refused:
            _join(code, now)
        assert refused.value.reason == "ended"

    def test_guessing_is_slowed_and_a_right_one_never_refused(self, code, now):
        reasons = []
        for guess in range(22):
            with pytest.raises(JoinRefused) as refused:
                _join(f"0000-0000-{guess:04}", now)
            reasons.append(refused.value.reason)
        assert reasons[0] == "wrong"
        assert reasons[-1] == "too_many"
        assert _join(code, now).user is not None

    @pytest.mark.obligation("27")
    def test_nobody_else_writes_such_a_letter(self, recipient, resident, outsider, auditor, now):
        for other in (resident.user, outsider, auditor):
            with pytest.raises(PermissionDenied):
                joining.invite(recipient=recipient, by=other, at=now)

    def test_there_is_one_account_at_a_time(self, account, recipient, clerk, now):
        with pytest.raises(HasAccount):
            joining.invite(recipient=recipient, by=clerk, at=now)
        joining.end(recipient=recipient, by=clerk, at=now)
        assert joining.account_of(User.objects.get(pk=account.user_id)) is None
        assert joined(recipient, by=clerk, at=now, name="next").recipient == recipient

    def test_an_account_that_ended_says_of_nobody_whose_it_was(self, account, recipient, clerk, now):
        joining.end(recipient=recipient, by=clerk, at=now)
        user = User.objects.get(pk=account.user_id)
        assert user.username.startswith("gone-")
        assert not user.is_active
        assert not user.has_usable_password()


@pytest.mark.obligation("A2", "27", "F24")
class TestOfNobodyHere:
    """Raw SQL as the application and as the owner of the tables: LM119."""

    def test_it_is_never_made_of_somebody_here(self, code, resident, clerk, superuser, now):
        [row] = RecipientAccount.objects.all()
        for user in (resident.user, clerk, superuser):
            with pytest.raises(DatabaseError, match="somebody here"), transaction.atomic():
                RecipientAccount.objects.filter(pk=row.pk).update(user=user, opened_at=now)

    def test_it_is_never_made_staff(self, account):
        for right in ("is_staff", "is_superuser"):
            with pytest.raises(DatabaseError, match="nobody here"), transaction.atomic():
                User.objects.filter(pk=account.user_id).update(**{right: True})

    def test_nobody_who_lives_here_gets_it(self, account, here, now):
        with pytest.raises(DatabaseError, match="nobody here"), transaction.atomic():
            Resident.objects.create(neighborhood=here, name="柳三", user_id=account.user_id)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE sharing_recipientaccount SET user_id = NULL, opened_at = NULL",
            "UPDATE sharing_recipientaccount SET made_at = now()",
            "UPDATE sharing_recipientaccount SET made_by_id = user_id",
            "DELETE FROM sharing_recipientaccount",
        ],
    )
    def test_what_it_was_it_stays(self, committed, account, owner_sql, change):
        """Not even who owns the table changes it."""
        with pytest.raises(psycopg.DatabaseError) as refused:
            owner_sql().execute(change)
        assert refused.value.sqlstate == "LM119"


class TestTheKey:
    def test_it_is_given_proven_and_heard(self, recipient, clerk, chair, now):
        outside = known(recipient, invited_by=clerk, confirmed_by=chair, at=now)
        key = recipient_keys.key_of(recipient)
        assert key is not None
        assert key.confirmed_by == chair
        assert key.public == outside.keys.public

    def test_given_twice_is_given_once(self, account, now):
        keys = Keys()
        first = recipient_keys.give(account=account, pasted=keys.public, at=now)
        assert recipient_keys.give(account=account, pasted=f"{keys.public} me@home", at=now) == first

    @pytest.mark.obligation("28")
    def test_who_does_not_have_the_private_half_proves_nothing(self, account, now):
        key = recipient_keys.give(account=account, pasted=Keys().public, at=now)
        line = recipient_keys.challenge(key=key, account=account, at=now)
        with pytest.raises(challenges.ChallengeRefused) as refused:
            recipient_keys.prove(account=account, challenge=line, signature=Keys().sign(line), at=now)
        assert refused.value.reason == "not_signed"
        key.refresh_from_db()
        assert key.proven_at is None

    @pytest.mark.obligation("28")
    def test_a_line_is_signed_soon_and_for_this_key(self, account, now):
        keys = Keys()
        key = recipient_keys.give(account=account, pasted=keys.public, at=now)
        line = recipient_keys.challenge(key=key, account=account, at=now)
        other = challenges.make(act=challenges.OPEN, about=key.pk, account=account.pk, at=now)
        for challenge, after, reason in (
            (line, challenges.LIFE, "stale"),
            (line, -timedelta(minutes=1), "stale"),
            (other, timedelta(), "not_ours"),
            (line[:-1] + ("0" if line[-1] != "0" else "1"), timedelta(), "not_ours"),
            ("linmen prove", timedelta(), "not_ours"),
            ("", timedelta(), "not_ours"),
        ):
            with pytest.raises(challenges.ChallengeRefused) as refused:
                recipient_keys.prove(
                    account=account, challenge=challenge, signature=keys.sign(challenge), at=now + after
                )
            assert refused.value.reason == reason, challenge

    @pytest.mark.obligation("28")
    def test_who_wrote_the_letter_does_not_confirm_the_key(self, recipient, chair, now):
        account = joined(recipient, by=chair, at=now)
        key = proven(account, Keys(), at=now)
        with pytest.raises(KeyRefused) as refused:
            recipient_keys.confirm(key=key, heard=recipient_keys.spoken(key), by=chair, at=now)
        assert refused.value.reason == "own_invitation"

    @pytest.mark.obligation("28")
    def test_nor_does_the_database_let_them(self, recipient, chair, now):
        key = proven(joined(recipient, by=chair, at=now), Keys(), at=now)
        with pytest.raises(DatabaseError, match="second person"), transaction.atomic():
            RecipientKey.objects.filter(pk=key.pk).update(confirmed_at=now, confirmed_by=chair)

    @pytest.mark.obligation("28")
    def test_nobody_confirms_it_but_the_staff(self, account, resident, now):
        key = proven(account, Keys(), at=now)
        with pytest.raises(DatabaseError, match="second person of the staff"), transaction.atomic():
            RecipientKey.objects.filter(pk=key.pk).update(confirmed_at=now, confirmed_by=resident.user)

    @pytest.mark.obligation("28")
    def test_nor_once_its_account_has_ended(self, account, recipient, clerk, chair, now):
        key = proven(account, Keys(), at=now)
        joining.end(recipient=recipient, by=clerk, at=now)
        with pytest.raises(KeyRefused) as refused:
            recipient_keys.confirm(key=key, heard=recipient_keys.spoken(key), by=chair, at=now)
        assert refused.value.reason == "ended"
        with pytest.raises(DatabaseError, match="has ended"), transaction.atomic():
            RecipientKey.objects.filter(pk=key.pk).update(confirmed_at=now, confirmed_by=chair)

    @pytest.mark.obligation("28")
    def test_it_is_not_confirmed_unheard_or_unproven(self, account, chair, now):
        keys = Keys()
        key = recipient_keys.give(account=account, pasted=keys.public, at=now)
        with pytest.raises(KeyRefused) as unproven:
            recipient_keys.confirm(key=key, heard=recipient_keys.spoken(key), by=chair, at=now)
        with pytest.raises(DatabaseError, match="once it is proven"), transaction.atomic():
            RecipientKey.objects.filter(pk=key.pk).update(confirmed_at=now, confirmed_by=chair)
        key = proven(account, keys, at=now)
        for heard in ("", "SHA256:", "abcd efgh ijkl", recipient_keys.spoken(key)[:-1]):
            with pytest.raises(KeyRefused) as unheard:
                recipient_keys.confirm(key=key, heard=heard, by=chair, at=now)
            assert unheard.value.reason == "not_heard"
        assert unproven.value.reason == "not_proven"

    def test_nobody_hears_a_capital(self, account, chair, now):
        key = proven(account, Keys(), at=now)
        heard = recipient_keys.spoken(key).upper().replace(" ", "  ")
        assert recipient_keys.confirm(key=key, heard=heard, by=chair, at=now).confirmed_at == now

    @pytest.mark.obligation("27")
    def test_only_who_decides_on_sharing_confirms_it(self, account, resident, clerk, outsider, auditor, now):
        key = proven(account, Keys(), at=now)
        for other in (resident.user, clerk, outsider, auditor):
            with pytest.raises(PermissionDenied):
                recipient_keys.confirm(key=key, heard=recipient_keys.spoken(key), by=other, at=now)

    def test_a_new_one_ends_the_old_one(self, recipient, clerk, chair, now):
        outside = known(recipient, invited_by=clerk, confirmed_by=chair, at=now)
        old = recipient_keys.key_of(recipient)
        new = recipient_keys.give(account=outside.account, pasted=Keys().public, at=now)
        assert old is not None
        assert RecipientKey.objects.get(pk=old.pk).ended_at == now
        assert recipient_keys.key_of(recipient) == new
        assert new.confirmed_at is None

    @pytest.mark.obligation("28")
    def test_one_that_ended_does_not_come_back(self, recipient, clerk, chair, now):
        outside = known(recipient, invited_by=clerk, confirmed_by=chair, at=now)
        recipient_keys.end(recipient=recipient, by=chair, at=now)
        with pytest.raises(KeyRefused) as refused:
            recipient_keys.give(account=outside.account, pasted=outside.keys.public, at=now)
        assert refused.value.reason == "known"

    @pytest.mark.obligation("28")
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE sharing_recipientkey SET public = 'ssh-ed25519 x'",
            "UPDATE sharing_recipientkey SET proven_at = NULL",
            "DELETE FROM sharing_recipientkey",
        ],
    )
    def test_it_never_becomes_another(self, committed, account, now, owner_sql, change):
        proven(account, Keys(), at=now)
        with pytest.raises(psycopg.DatabaseError) as refused:
            owner_sql().execute(change)
        assert refused.value.sqlstate == "LM120"

    def test_an_account_that_ended_gives_none(self, account, recipient, clerk, now):
        joining.end(recipient=recipient, by=clerk, at=now)
        with pytest.raises(PermissionDenied):
            recipient_keys.give(account=account, pasted=Keys().public, at=now)

    def test_a_stranger_among_recipients_has_no_part_in_it(self, recipient, here, clerk, chair, now):
        other = Recipient.objects.create(neighborhood=here, name="别家", contact="桥头 1 号")
        known(recipient, invited_by=clerk, confirmed_by=chair, at=now)
        theirs = known(other, invited_by=clerk, confirmed_by=chair, at=now)
        key = recipient_keys.key_of(recipient)
        assert key is not None
        with pytest.raises(KeyRefused):
            recipient_keys.give(account=theirs.account, pasted=key.public, at=now)
