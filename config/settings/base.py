"""Settings every process shares. What differs by place is in local, test and production."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.env import DEVICE, HOME, ROOT, env
from config.logs import logging_config

DEBUG = False
FIRSTREAD_HOME = HOME
FIRSTREAD_DEVICE = DEVICE
STORAGE_ROOT = HOME / "objects"
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=512 * 1024 * 1024)
QUIET_SECONDS = env.int("QUIET_SECONDS", default=10)
# Keys that stored images are encrypted with, the current one first; empty: they are kept as they came.
STORAGE_KEY = env.str("STORAGE_KEY", default="")
# After a study is opened, signing and going on wait this long: a second press was meant for the study before.
LOCK_OUT_SECONDS = env.float("LOCK_OUT_SECONDS", default=2.0)
# Of one person, by the REST interface and DICOMweb; 0: as many as they like.
SEARCHES_PER_MINUTE = env.int("SEARCHES_PER_MINUTE", default=6000)
UPLOADS_PER_MINUTE = env.int("UPLOADS_PER_MINUTE", default=60_000)
# Every version of every model, shipped or installed.
BUNDLES_ROOT = HOME / "bundles"
# One line for each signature, added and never changed. Best on another disk or machine than the database.
SIGNATURE_HEADS = Path(env.str("SIGNATURE_HEADS", default=str(HOME / "signature-heads.log")))
# With both, a changed, removed or added audit event is named. Best where the database's administrator cannot write.
AUDIT_KEY = Path(env.str("AUDIT_KEY", default=str(HOME / "keys" / "audit.key")))
AUDIT_HEAD = Path(env.str("AUDIT_HEAD", default=str(HOME / "audit-head.txt")))
# 32 bytes that every backup is encrypted with. A backup without its key is lost: keep a copy elsewhere.
BACKUP_KEY = Path(env.str("BACKUP_KEY", default=str(HOME / "keys" / "backup.key")))
# At least 32 random bytes: new names of one project follow from it, and with it the way back.
DEIDENTIFY_KEY = Path(env.str("DEIDENTIFY_KEY", default=str(HOME / "keys" / "deidentify.key")))
# Single sign-on with an OpenID provider (accounts.oidc). Empty: there is none.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="").strip()
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")
OIDC_SCOPES = env.list("OIDC_SCOPES", default=["openid", "profile", "email"])
# Which of the provider's groups have which role at which site, a JSON object.
OIDC_ROLES = env.str("OIDC_ROLES", default="")
# Who asks /metrics shows it; empty: nobody is answered.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Whom reports may be sent to: hosts, addresses and ranges (reports.targets.reach). Empty: nobody.
OUTGOING_HOSTS = env.list("OUTGOING_HOSTS", default=[])
# Trusted beside the system's certificates; what we show to those who ask for one.
OUTGOING_CA = env.str("OUTGOING_CA", default="")
OUTGOING_CERTIFICATE = env.str("OUTGOING_CERTIFICATE", default="")
OUTGOING_KEY = env.str("OUTGOING_KEY", default="")
# 32 bytes that the secrets of targets are encrypted with; made with the first of them.
TARGET_KEY = Path(env.str("TARGET_KEY", default=str(HOME / "keys" / "target.key")))
# Where people find this installation, for links in messages: https://firstread.example.org
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
# Mail is off until a host is named.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="firstread@localhost")
MODEL_MAX_BYTES = env.int("MODEL_MAX_BYTES", default=256 * 1024 * 1024)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "accounts",
    "screening",
    "reports",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.logs.RequestIdMiddleware",
    "config.once.OnceMiddleware",
    "config.browser.ForgetMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.limits.NulMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.limits.BodyLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SignInMiddleware",
    "accounts.middleware.DeniedMiddleware",
    "screening.middleware.UnreadableMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.permissions.navigation",
                "reports.context.late_tasks",
                "accounts.preferences.page",
            ],
        },
    },
]

# The default is no URL: a folder's name may have characters that mean something in one.
OWN_DATABASE: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "firstread.sqlite3")}
DATABASES = {"default": env.db_url("DATABASE_URL") if env.str("DATABASE_URL", default="") else OWN_DATABASE}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.BreachedPasswordValidator"},
    {"NAME": "accounts.place_words.PlaceWordsValidator"},
]
# A file of passwords that others have lost (accounts.passwords); empty: the common ones alone are refused.
BREACHED_PASSWORDS = env.str("BREACHED_PASSWORDS", default="")
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/worklist/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAccountAdapter"
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm", "reauthenticate": "accounts.sign_in_forms.PasswordAgainForm"}
ACCOUNT_SESSION_REMEMBER = False
# "key" is the name together with the address (accounts.adapter). A ward shares one address, so that limit is wide.
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {"login": "120/m/ip", "login_failed": "60/m/ip,5/300s/key"}
# What second factors' secrets are sealed with; empty: a key made from SECRET_KEY.
FACTOR_KEY = env.str("FACTOR_KEY", default="")
# Roles that must have a second factor at every site; a site may ask it of more.
SECOND_FACTOR_ROLES = env.list("SECOND_FACTOR_ROLES", default=[])
MFA_ADAPTER = "accounts.mfa_adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RECOVERY_CODE_DIGITS = 10
MFA_TOTP_ISSUER = "Firstread"
MFA_TOTP_TOLERANCE = 1
# A ward shares one address.
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}
MFA_FORMS = {
    "authenticate": "accounts.sign_in_forms.SecondStepForm",
    "reauthenticate": "accounts.sign_in_forms.CodeAgainForm",
    "activate_totp": "accounts.sign_in_forms.SetUpAppForm",
    "authenticate_webauthn": "accounts.sign_in_forms.PasskeyStepForm",
    "login_webauthn": "accounts.sign_in_forms.PasskeyAloneForm",
    "reauthenticate_webauthn": "accounts.sign_in_forms.PasskeyAgainForm",
    "add_webauthn": "accounts.sign_in_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.sign_in_forms.RenamePasskeyForm",
}
# Where there is no Redis, tries that failed are counted in the database: all web processes know of them.
CACHES = {"default": {"BACKEND": "accounts.shared_cache.DatabaseCounters"}}
# A session ends so long after signing in, and so long after its person last did something (accounts.sessions).
SESSION_LONGEST_SECONDS = int(env.float("SESSION_HOURS", default=12.0) * 3600)
# One that is over is known for a day more, so that its person is told why they must sign in.
SESSION_COOKIE_AGE = SESSION_LONGEST_SECONDS + 24 * 3600
SESSION_IDLE_SECONDS = int(env.float("SESSION_IDLE_MINUTES", default=60.0) * 60)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
# Words for the next page lie with the session, not in a cookie of their own.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Fields of forms and JSON bodies. Files have a limit of their own (UPLOAD_MAX_BYTES), kept by the views that take them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 2000
# What is too large for memory waits on the disk encrypted, for as long as the request lasts.
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "screening.upload_parts.SealedUploadHandler",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, "'wasm-unsafe-eval'"],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [ROOT / "static"]
FRONTEND_MANIFEST = ROOT / "static" / "dist" / ".vite" / "manifest.json"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# Vite puts a digest into these names.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/dist/assets/"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First, as its header is what an answer 401 tells: who sends a token is asked for nothing else.
        "accounts.tokens_auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "config.limits.Pages",
    "PAGE_SIZE": 100,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Firstread",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.describe_problems",
    ],
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=f"sqla+sqlite:///{quote(str(HOME / 'broker.sqlite3'))}")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # Without these a broker that takes the line and says nothing holds the sender for ever.
        "socket_connect_timeout": 3,
        "socket_timeout": 5,
    }
    # Tries that failed count in every web process. Of a broker elsewhere than Redis nothing is known here.
    CACHES = {"default": {"BACKEND": "config.cache.SharedCache", "LOCATION": CELERY_BROKER_URL}}

LOGGING = logging_config(level=env.str("LOG_LEVEL", default="INFO"))
