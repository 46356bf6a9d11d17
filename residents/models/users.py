"""Accounts. A user is only a way to sign in; the person is a `Resident`, the authority a committee term."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class UserManager(DjangoUserManager["User"]):
    def _create_user(self, username: str, email: str | None, password: str | None, **extra: object) -> User:
        user = self.model(username=self.model.normalize_username(username), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """No e-mail and no phone: contact details live once, encrypted, with the resident."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("sign-in name"), max_length=64, unique=True, validators=[UnicodeUsernameValidator()]
    )
    language = models.CharField(
        _("language"), max_length=10, choices=[("zh-hans", "中文"), ("en", "English")], default="zh-hans"
    )
    is_staff = models.BooleanField(_("may open the staff desk"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Raised to end every session at once, without another password.
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)
    # From when on somebody of the staff who has no second step sets one up only after somebody vouched for them: the moment
    # they lost theirs, a fortnight after they came to an office, or a day after somebody vouched. Held by triggers.
    vouching_from = models.DateTimeField(null=True, editable=False)
    date_joined = models.DateTimeField(_("since"), default=timezone.now)

    # Of whoever is signed in, said by `portal.office`: this very session holds no right of an office.
    without_second_step = False

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        # Those that the list of accounts shows, which are few where residents are many.
        indexes = [
            models.Index(
                fields=["username"],
                condition=models.Q(is_staff=True) | models.Q(is_superuser=True) | models.Q(last_login=None),
                name="user_for_work",
            )
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know: a new password, or a raised `sessions_ended`, and it is over."""
        salt = "residents.models.User.session"
        return salted_hmac(
            salt, f"{self.sessions_ended}|{self.password}", secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def waits_for_vouching(self) -> bool:
        return self.vouching_from is not None and self.vouching_from <= timezone.now()

    def __str__(self) -> str:
        return f"account {str(self.pk)[:8]}"
