"""The one settings file. Everything that differs between places comes from the environment.

LINMEN_MODE says what this place is, and is `production` unless it says otherwise:

* `production`: secrets and servers must be given; `portal.checks` refuses to start otherwise.
* `demo`: `make demo` on one machine. Embedded servers, made-up people, keys made on first start.
* `test`: the test suite.

DEBUG may be on in demo and test only. The variables are listed in docs/deployment.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import django_stubs_ext
import environ
from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from portal import embedded, keys, logs, places, roles
from portal.effects import EFFECTS as EFFECTS

django_stubs_ext.monkeypatch()  # ModelAdmin[User] and the like, at run time too

env = environ.Env()

MODE = env.str("LINMEN_MODE", default="production")
DEMO = MODE == "demo"
TESTING = MODE == "test"
PRODUCTION = not (DEMO or TESTING)  # a misspelt mode is production: the strict one
DEBUG = env.bool("DEBUG", default=False)

BASE_DIR = places.BASE
VAR = places.var()

SECRET_KEY = keys.given("SECRET_KEY")
# The key that wraps every resident's keys: base64 of 32 bytes.
WRAPPING_KEY = keys.given("WRAPPING_KEY")
# Ed25519 private key (PEM) with which the server signs what gates receive.
SERVER_KEY_FILE = env.str("SERVER_KEY_FILE", default="")
# Ed25519 private key (PEM) with which the ledger's checkpoints are signed, and the name that they carry for ever.
LEDGER_KEY_FILE = env.str("LEDGER_KEY_FILE", default="")
LEDGER_ORIGIN = env.str("LEDGER_ORIGIN", default="" if PRODUCTION else "linmen.test/log")
# The names that it had before a backup was restored: slips of then are still slips.
LEDGER_FORMER_ORIGINS = env.list("LEDGER_FORMER_ORIGINS", default=[])
if not PRODUCTION:
    SECRET_KEY = SECRET_KEY or keys.made(VAR, "secret").read_text()
    WRAPPING_KEY = WRAPPING_KEY or keys.made(VAR, "wrapping").read_text()
    SERVER_KEY_FILE = SERVER_KEY_FILE or str(keys.made(VAR, "server.pem"))
    LEDGER_KEY_FILE = LEDGER_KEY_FILE or str(keys.made(VAR, "ledger.pem"))
# Where the salts of wrapping epochs lie, and their second copy, on another medium: each apart from every backup.
EPOCHS = env.str("EPOCHS", default=str(VAR / "keys" / "epochs"))
EPOCHS_COPY = env.str("EPOCHS_COPY", default="" if PRODUCTION else str(VAR / "keys" / "epochs-copy"))
# How long one wrapping key wraps; and for how long it is kept after that, since no older backup of the vault opens.
EPOCH_DAYS, EPOCH_GRACE_HOURS = env.int("EPOCH_DAYS", default=7), env.int("EPOCH_GRACE_HOURS", default=48)
if SECRET_KEY and WRAPPING_KEY and SERVER_KEY_FILE:  # else it may not start, and nothing is made
    places.make_private(VAR / "tmp")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])


def _first_name(hosts: list[str]) -> str:
    """The first that is a name: numbers and "every host" are none that a passkey could be made for."""
    named = (
        host.removeprefix(".").partition(":")[0] for host in hosts if host[:1].isalpha() or host[:1] == "."
    )
    return next((host for host in named if host.isascii()), "")


# The host that passkeys are made for, for good: at another one they sign nobody in. And from which pages they are
# believed; none named: from that of the request, which ALLOWED_HOSTS has let through.
PASSKEY_HOST = env.str("LINMEN_PASSKEY_HOST", default=_first_name(ALLOWED_HOSTS))
PASSKEY_ORIGINS = env.list("LINMEN_PASSKEY_ORIGINS", default=[])

INSTALLED_APPS = [
    "portal",
    "ledger",
    "vault",
    "residents",
    "consent",
    "committees",
    "sharing",
    "access",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.headers.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.office.SecondStepOfStaff",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.page",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- Databases: the application's role for everything but migrations, which run as the owner


def _database(variable: str, name: str, *, role: str) -> dict[str, Any]:
    if url := keys.given(variable):
        found: dict[str, Any] = dict(env.db_url_config(url))
        found["HOST"] = unquote(found.get("HOST", ""))  # a socket's folder is written with %2F
    else:
        found = embedded.database(VAR, embedded.DATABASES[name], role=role)
    return {
        **found,
        "OPTIONS": {"connect_timeout": 5, **found.get("OPTIONS", {})},
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {
    "default": _database("DATABASE_URL", "default", role=roles.APP),
    "vault": _database("VAULT_DATABASE_URL", "vault", role=roles.APP),
}
# Used by `manage.py migrate`, by the filling of a demo (portal/demo/days.py), and by nothing else.
OWNER_DATABASES = {
    "default": _database("DATABASE_OWNER_URL", "default", role=roles.OWNER),
    "vault": _database("VAULT_DATABASE_OWNER_URL", "vault", role=roles.OWNER),
}
DATABASE_ROUTERS = ["portal.router.VaultRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

EMBEDDED_DATABASES = not (keys.given("DATABASE_URL") and keys.given("VAULT_DATABASE_URL"))
EMBEDDED_REDIS = not keys.given("REDIS_URL")

REDIS_URL = keys.given("REDIS_URL") or embedded.redis_url(VAR)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "linmen",
        "OPTIONS": {"socket_connect_timeout": 5, "socket_timeout": 5},
    }
}

# --- Celery: jobs are rows first, so a message is only a nudge and carries nothing but ids

CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_POOL = "prefork"
CELERY_WORKER_CONCURRENCY = env.int("WORKERS", default=1)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "global_keyprefix": "linmen-jobs:"}
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # held in memory: no schedule file to keep
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
# How often due work is looked for, and so how long a lost message can delay it.
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=20)
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "portal.sweeps.sweep",
        "schedule": SWEEP_SECONDS,
        # Sweeps that nobody took in time are dropped, not piled up for a worker that was away.
        "options": {"expires": 3 * SWEEP_SECONDS},
    },
    "retention": {
        "task": "portal.retention.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": 3 * SWEEP_SECONDS},
    },
    "log_digest": {"task": "portal.log_digest", "schedule": crontab(day_of_week="mon", hour=0, minute=30)},
}

# --- People, language, time

AUTH_USER_MODEL = "residents.User"
# guardian's own backend is left out on purpose: its row alone gives nothing, a term must be in force as well.
AUTHENTICATION_BACKENDS = ["committees.backends.TermBackend"]
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
PASSWORD_HASHERS = [
    *(["django.contrib.auth.hashers.MD5PasswordHasher"] if TESTING else []),  # hundreds of accounts a minute
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

GUARDIAN_RAISE_403 = True
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
ANONYMOUS_USER_NAME = None  # guardian's name for it: no row stands for strangers

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- Files: an upload lives in memory only; what is kept is encrypted before it touches a disk

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
PHOTOS = VAR / "photos"
UPLOAD_BYTES = 12 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["portal.uploads.LimitedMemoryHandler"]
FILE_UPLOAD_TEMP_DIR = str(VAR / "tmp")  # nothing should come here; if it does, it is not the shared one
DATA_UPLOAD_MAX_NUMBER_FILES = 4

# --- Browser and transport

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.screens.twice.not_done"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION and not DEBUG
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION and not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz/$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION and not DEBUG else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
PERMISSIONS_POLICY = "camera=(self), microphone=(), geolocation=()"

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Linmen: gates",
    "DESCRIPTION": "What a gate's device says to the portal, and what it hears.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- Mail and text messages: the ledger's weekly digest, and to who chose it that something waits; never what

vars().update(env.email("EMAIL_URL", default="smtp://localhost:25" if PRODUCTION else "consolemail://"))
EMAIL_TIMEOUT = 10  # seconds a step; all of them together stay below MESSAGE_LEASE_SECONDS
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="linmen@localhost")
# In the demo nothing is sent anywhere: mail and text messages are files in this folder.
MESSAGE_FOLDER = VAR / "messages"
if DEMO and "EMAIL_URL" not in env.ENVIRON:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MESSAGE_FOLDER
# Offered to residents only where a mail server was named: a way that carries nothing is none.
MAIL_TO_RESIDENTS = env.bool("MAIL_TO_RESIDENTS", default=not PRODUCTION or "EMAIL_URL" in env.ENVIRON)
# Whose mail server it is, in words for people: it sees their address.
MAIL_CARRIER = env.str("MAIL_CARRIER", default=DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">"))
# A dotted path, such as residents.carriers.HttpText; empty: no text messages, and nobody is offered any.
SMS_GATEWAY = env.str("SMS_GATEWAY", default="residents.carriers.FolderText" if DEMO else "")
# Who gets the numbers, in words for people: they read it before they choose.
SMS_OPERATOR = env.str("SMS_OPERATOR", default="短信网关（演示） · Text gateway (demo)" if DEMO else "")
SMS_URL = env.str("SMS_URL", default="")
SMS_TOKEN = keys.given("SMS_TOKEN")
SMS_SECONDS = env.float("SMS_SECONDS", default=20)
# What messages say beside "Something waits": where to sign in.
SITE_ADDRESS = env.str(
    "SITE_ADDRESS",
    default=f"https://{ALLOWED_HOSTS[0]}/"
    if PRODUCTION and ALLOWED_HOSTS
    else f"http://127.0.0.1:{env.int('PORT', default=8000)}/",
)
# Whether an office opens only to a session that has shown a second step: a code of a phone, or a passkey. Production insists.
STAFF_SECOND_STEP = env.bool("STAFF_SECOND_STEP", default=PRODUCTION)
# After so long without a click an office asks for the second step again; a shared computer signs out after the other.
STAFF_IDLE_MINUTES = env.int("STAFF_IDLE_MINUTES", default=30)
SHARED_IDLE_MINUTES = env.int("SHARED_IDLE_MINUTES", default=10)
# How often one of the staff may look at people's details. More than the law's thirty and a hundred it never is.
LOOKS_AN_HOUR = env.int("LOOKS_AN_HOUR", default=30)
LOOKS_A_DAY = env.int("LOOKS_A_DAY", default=100)
# What comes within so many seconds makes one message.
MESSAGE_GATHER_SECONDS = env.int("MESSAGE_GATHER_SECONDS", default=20 if DEMO else 600)
# How long a worker that took up a message is left alone with it before another one may.
MESSAGE_LEASE_SECONDS = env.int("MESSAGE_LEASE_SECONDS", default=120)

# --- Backups, and the journal that a restore follows: three folders, and none of them in another (docs/deployment.md)
JOURNAL = Path(env.str("JOURNAL", default=f"{VAR}/journal"))
BACKUP_FOLDERS = {"data": Path(env.str("BACKUP_DATA", default=f"{VAR}/backups/data"))}
BACKUP_FOLDERS["vault"] = Path(env.str("BACKUP_VAULT", default=f"{VAR}/backups/vault"))
BACKUP_DAYS = {"data": env.int("BACKUP_DATA_DAYS", default=14)}
BACKUP_DAYS["vault"] = env.int("BACKUP_VAULT_DAYS", default=3)  # who withdraws is in one until it ends: few
BACKUP_RECIPIENTS = env.list("BACKUP_RECIPIENTS", default=[])  # age public keys that can open a set
POSTGRES_TOOLS = env.str("POSTGRES_TOOLS", default="")

# --- Linmen's own

# Euclidean distance of two encodings below which they are one person. Measured on the photographs at hand: the same
# person 0.08 to 0.43, different people 0.66 and up. The library's own 0.6 lets too many strangers through.
FACE_DISTANCE = env.float("FACE_DISTANCE", default=0.45)
# How long a worker that took up an enrolment is left alone with it before another one may.
ENROLMENT_LEASE_SECONDS = env.int("ENROLMENT_LEASE_SECONDS", default=120)
# How long a worker that took up a batch of an import is left alone with it before another one may.
IMPORT_LEASE_SECONDS = env.int("IMPORT_LEASE_SECONDS", default=120)
# How long a worker that encrypts a copy for a recipient may keep silent before another one begins anew.
COPY_LEASE_SECONDS = env.int("COPY_LEASE_SECONDS", default=120)
# For how long one sweep of scheduled deletion goes on; what is left is due again in the next.
RETENTION_SECONDS = env.float("RETENTION_SECONDS", default=5)
# At which hour of the neighborhood's night the files of tables are rewritten after an erasure; None: at once.
PAGES_HOUR = env.int("PAGES_HOUR", default=3) if PRODUCTION else None
# After so long without any sweep of scheduled deletion, auditors and chairs are told.
RETENTION_SILENT_SECONDS = env.int("RETENTION_SILENT_SECONDS", default=1800)
# A gate that has not polled for this long is reported as silent.
GATE_SILENT_SECONDS = env.int("GATE_SILENT_SECONDS", default=300)
# How long a gate waits between two polls, when nothing is left to fetch.
GATE_POLL_SECONDS = env.int("GATE_POLL_SECONDS", default=2 if DEMO or TESTING else 10)
# How long a gate that hears nothing from here goes on opening by face, QR code and visitor's pass. Cards and PINs have
# no such limit. The name it had before is still read.
OFFLINE_HOURS = env.int("OFFLINE_HOURS", default=env.int("FACE_OFFLINE_HOURS", default=24))
# How long a QR code works after it was last shown; the page renews it each time it is opened.
QR_HOURS = env.int("QR_HOURS", default=12)
# For how long a resident who gave the password again sees their own entries and may take along what is theirs. The
# database gives no copy for a password that was given longer ago (residents 0023); fewer minutes may be asked for here.
_LONGEST_PROOF = 10
SIGNED_IN_AGAIN_MINUTES = min(env.int("SIGNED_IN_AGAIN_MINUTES", default=_LONGEST_PROOF), _LONGEST_PROOF)
# A gate that was away for longer than this is told anew whom to keep, instead of each one who left.
GATE_TOMBSTONE_DAYS = env.int("GATE_TOMBSTONE_DAYS", default=400)

# How long a recipient has to delete what is asked back, and to confirm it.
RECALL_DAYS = env.int("RECALL_DAYS", default=15)

# Who is mailed the newest checkpoint of the ledger once a week: people who keep it out of our reach.
LEDGER_DIGEST_TO = env.list("LEDGER_DIGEST_TO", default=[])

LOGGING = logs.to_console(level=env.str("LOG_LEVEL", default="INFO"))
