"""Django's settings, made from Orgo's configuration."""

from pathlib import Path
from urllib.parse import urlsplit

from orgo.conf import boot
from orgo.conf.database import settings_of

_config = boot.config()
_package = Path(__file__).resolve().parents[1]
_secure = _config.web.url.startswith("https:")


DATABASES = {"default": settings_of(_config)}
SECRET_KEY = boot.secret_key(_config)
SECRET_KEY_FALLBACKS = list(boot.former_keys(_config))
DEBUG = False
ALLOWED_HOSTS = (
    ["*"]
    if _config.web.public_url is None
    else [urlsplit(_config.web.url).hostname or "", "127.0.0.1", "localhost", *_config.web.also_hosts]
)
CSRF_TRUSTED_ORIGINS = [_config.web.public_url] if _config.web.public_url else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "orgo.people",
    "orgo.audit",
    "orgo.intake",
    "orgo.task",
    "orgo.outbox",
    "orgo.ops",
    "orgo.web",
]
MIDDLEWARE = [
    "orgo.web.security.SecurityHeaders",
    "orgo.web.files.WholeFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "orgo.web.language.OwnLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "orgo.web.urls"
ASGI_APPLICATION = "orgo.web.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "orgo.web.context.house",
            ]
        },
    }
]

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["orgo.people.signin.AddressBackend"]
# OWASP's figures for Argon2id (19 MiB, 2 passes): Django's 100 MiB a sign-in would be most of a small machine.
PASSWORD_HASHERS = ["orgo.people.signin.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"

CSRF_FAILURE_VIEW = "orgo.web.views.access.stale"
SESSION_COOKIE_NAME = "__Host-orgo" if _secure else "orgo"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_HTTPONLY = False
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

USE_TZ = True
TIME_ZONE = _config.organization.zone
LANGUAGE_CODE = _config.organization.language
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [_package / "web" / "locale"]
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None
