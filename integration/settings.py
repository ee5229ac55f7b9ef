"""Settings of RMM Bridge, all from the environment (see `.env.example`).

The defaults serve the embedded mode: SQLite and an embedded Redis-compatible server in `var/`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from integration import env
from integration.navigation import build_navigation

# Django's forms, admin classes and managers take their model as type argument; at run time only with this.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

VERSION = "0.1.0"
VAR_DIR = Path(env.read_text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)

# Web ------------------------------------------------------------------------------------------------------------
DEBUG = env.read_bool("DEBUG", default=False)
SECRET_KEY = env.read_text("SECRET_KEY") or env.stored_secret(VAR_DIR, "secret_key", "token")
PORT = env.read_int("PORT", 8000, minimum=1, maximum=65535)
PUBLIC_URL = env.read_text("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise ImproperlyConfigured(
        f"PUBLIC_URL: {PUBLIC_URL!r} is not an address. Use https://bridge.example.com."
    )
ALLOWED_HOSTS = env.read_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
if _public.hostname not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(_public.hostname)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
ROOT_URLCONF = "integration.urls"
WSGI_APPLICATION = "integration.wsgi.application"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

if _public.scheme == "https":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = env.read_int("HSTS_SECONDS", 3600, minimum=0, maximum=63_072_000)
# An end client whose page has expired must not lose what was written.
CSRF_FAILURE_VIEW = "tickets.views.request_page.csrf_failure"
SESSION_COOKIE_NAME = "rmm_bridge_session"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_celery_beat",
    "integration",
    "mappings",
    "tickets",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# The admin's scripts build functions from attributes (Alpine.js), hence unsafe-eval; nothing else is let in.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}

# Data -----------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.read_database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'bridge.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ENCRYPTION_KEYS = env.read_encryption_keys(
    "ENCRYPTION_KEYS",
    "" if env.read_text("ENCRYPTION_KEYS") else env.stored_secret(VAR_DIR, "encryption_key", "fernet"),
)
REDIS_URL = env.read_redis("REDIS_URL", f"unix://{env.embedded_socket_path(VAR_DIR)}?db=0")
#: Keys of ours in Redis begin with this, so that one server can serve several installations.
REDIS_PREFIX = env.read_text("REDIS_PREFIX", "rmm-bridge")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}-cache",
    },
}

# People ---------------------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Static files: served by the application itself, from the packages, so that no build step is needed.
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

# Work -----------------------------------------------------------------------------------------------------------
ALERT_POLL_SECONDS = env.read_int("ALERT_POLL_SECONDS", 60, minimum=1, maximum=3600)
TICKET_POLL_SECONDS = env.read_int("TICKET_POLL_SECONDS", 300, minimum=1, maximum=86_400)
DEVICE_SYNC_MINUTES = env.read_int("DEVICE_SYNC_MINUTES", 15, minimum=1, maximum=1440)
REFERENCE_SYNC_MINUTES = env.read_int("REFERENCE_SYNC_MINUTES", 60, minimum=5, maximum=1440)
SWEEP_SECONDS = env.read_int("SWEEP_SECONDS", 5, minimum=1, maximum=300)
CALL_LOG_DAYS = env.read_int("CALL_LOG_DAYS", 30, minimum=1, maximum=400)
HISTORY_DAYS = env.read_int("HISTORY_DAYS", 395, minimum=7, maximum=3650)
VENDOR_TIMEOUT_SECONDS = env.read_int("VENDOR_TIMEOUT_SECONDS", 30, minimum=1, maximum=300)
AUTOTASK_HOURLY_LIMIT = env.read_int("AUTOTASK_HOURLY_LIMIT", 10_000, minimum=100, maximum=1_000_000)
#: What a scraper of /metrics must send as bearer token; without one only this machine may read it.
METRICS_TOKEN = env.read_text("METRICS_TOKEN")
#: Where the sandbox listens when `script/server` starts one; "off" for none.
SANDBOX = env.read_text("SANDBOX", "auto")
SANDBOX_URL = env.read_text(
    "SANDBOX_URL",
    ""
    if SANDBOX == "off"
    else f"http://127.0.0.1:{env.read_int('SANDBOX_PORT', PORT + 100, minimum=1, maximum=65535)}",
)

CELERY_BROKER_URL = env.celery_broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "tickets"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# First match wins. Runs of alerts and tickets are sent to `alerts` by whoever starts them (SyncKind.queue).
CELERY_TASK_ROUTES = {
    "tickets.perform_action": {"queue": "tickets"},
    "tickets.drain_vendor": {"queue": "tickets"},
    "tickets.run_replay": {"queue": "sync"},
    "tickets.look_for_noise": {"queue": "sync"},
    "tickets.*": {"queue": "alerts"},
    "integration.tend": {"queue": "alerts"},
    "integration.*": {"queue": "sync"},
}
# Time limit < leases of our rows (tickets.leases) < visibility timeout: a task never runs twice at once.
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 15,
    "unacked_restore_throttle": 1,
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
    # A web request must not hang on a dead broker: the row is stored, a sweep finds it.
    "socket_connect_timeout": 2,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 2
CELERY_TIMEZONE = "UTC"
# Celery opens a connection per task unless told to reuse it; integration.celery checks it before each task.
CELERY_DB_REUSE_MAX = 1000

# Log: one line per event on standard output --------------------------------------------------------------------
LOG_LEVEL = env.read_text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured(f"LOG_LEVEL: {LOG_LEVEL!r} is unknown. Use DEBUG, INFO, WARNING or ERROR.")
LOG_FORMAT = env.read_text("LOG_FORMAT", "text")
if LOG_FORMAT not in {"text", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT: {LOG_FORMAT!r} is unknown. Use text or json.")
LOGGING_CONFIG = "integration.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT, "color": sys.stderr.isatty()}

# Look -----------------------------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "RMM Bridge",
    "SITE_HEADER": "RMM Bridge",
    "SITE_SUBHEADER": "Datto RMM and Autotask PSA",
    "SITE_URL": "/admin/",
    "SITE_ICON": lambda request: static("bridge/icon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("bridge/icon.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "integration.views.environment.label",
    "DASHBOARD_CALLBACK": "tickets.views.home.dashboard",
    "STYLES": [lambda request: static("bridge/bridge.css")],
    "SCRIPTS": [lambda request: static("bridge/bridge.js")],
    "BORDER_RADIUS": "6px",
    "COLORS": {
        # A calm teal; shades from light to dark in OKLCH.
        "primary": {
            "50": "oklch(98.4% .014 180.7)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.4)",
            "300": "oklch(85.5% .138 181.1)",
            "400": "oklch(77.7% .152 181.9)",
            "500": "oklch(70.4% .14 182.5)",
            "600": "oklch(60% .118 184.7)",
            "700": "oklch(51.1% .096 186.4)",
            "800": "oklch(43.7% .078 188.2)",
            "900": "oklch(38.6% .063 188.4)",
            "950": "oklch(27.7% .046 192.5)",
        },
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": build_navigation},
}
