"""Settings: everything comes from the environment, and everything has a default that runs embedded."""

import os
import sys
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from carinho.embedded import broker, postgres
from carinho.services import contract
from carinho.services.base import Service

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(environ.FileAwareEnv):
    """Any NAME may also be given as NAME_FILE. A value that cannot be read is an error that names it."""

    FALSE_STRINGS = ("false", "off", "n", "no", "0", "")

    def get_value(self, var: str, cast: Any = None, **options: Any) -> Any:
        try:
            value = super().get_value(var, cast=cast, **options)
        except (ValueError, OSError) as error:
            raise ImproperlyConfigured(f"{var} cannot be read: {error}") from error
        given = str(self.ENVIRON.get(var, "")).strip().lower()
        if cast is bool and given not in (*self.BOOLEAN_TRUE_STRINGS, *self.FALSE_STRINGS):
            raise ImproperlyConfigured(f"{var}={given} is neither 1 nor 0.")
        return value


env = Environment()
if "pytest" not in sys.modules and (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = env.int("PORT", default=8000)


DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
kept_key = VAR_DIR / "secret_key"  # made by `make run`
SECRET_KEY = env("SECRET_KEY", default="") or (kept_key.read_text() if kept_key.exists() else "")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
OPERATOR_PASSWORD = env("OPERATOR_PASSWORD", default="")
IS_TEST = "pytest" in sys.modules

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "carinho.console.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_api_key",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "carinho.apps.CarinhoConfig",
    "carinho.access",
    "carinho.console",
    "carinho.webhooks",
    "events",
    "sync",
    "whatsapp",
    "monitoring",
]
MIDDLEWARE = [
    "carinho.language.LanguageMiddleware",
    "carinho.logs.RequestIdMiddleware",
    "carinho.edge.HeadersMiddleware",
    "carinho.edge.EdgeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "carinho.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "carinho.edge.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "carinho.access.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
SHORTCUTS = {"/api/events": "events.intake.fast_path.FastPath"}  # what `carinho.rsgi` asks before Django
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "MinimumLengthValidator": {"min_length": 10},
        "UserAttributeSimilarityValidator": {},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else who goes on trying prolongs it
AXES_LOCKOUT_PARAMETERS = "carinho.access.known_browsers.lockout_parameters"
AXES_LOCKOUT_CALLABLE = "carinho.access.login.locked_out"
AXES_CLIENT_IP_CALLABLE = "carinho.access.rate_limits.network_of"
LOGIN_FAILURES_OF_ACCOUNT = 40  # from all addresses together, until only known browsers may go on trying
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", default=False)  # of administrators
OTP_TOTP_ISSUER = "Carinho Integrações"

ROOT_URLCONF = "carinho.urls"
APPEND_SLASH = False
WSGI_APPLICATION = "carinho.wsgi.application"
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

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(env("DATABASE_URL", default="") or postgres.address(VAR_DIR))
}
DATABASES["default"] = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True} | DATABASES["default"]
given_options = DATABASES["default"].get(
    "OPTIONS", {}
)  # what DATABASE_URL says wins: libpq takes the last -c
GIVE_UP_A_VANISHED_HOST = {  # it answers nothing, and TCP alone would wait for a quarter of an hour
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
DATABASES["default"]["OPTIONS"] = {"prepare_threshold": 5} | GIVE_UP_A_VANISHED_HOST | given_options
DATABASES["default"]["OPTIONS"]["options"] = " ".join(
    [
        "-c plan_cache_mode=force_generic_plan",  # for carinho.database: else each run is planned anew
        "-c idle_in_transaction_session_timeout=60s",  # a process that is frozen lets go of what it locked
        given_options.get("options", ""),
    ]
).strip()
WEB_STATEMENT_SECONDS = env.int("WEB_STATEMENT_SECONDS", default=15)  # of one query of a page or an API call
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": env.cache_url("CACHE_URL", default="dbcache://cache_entries")}

LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", _("Português"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "America/Sao_Paulo"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "carinho.static_files.VersionedStorage"},
}

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_ENGINE = "carinho.access.sessions"
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 3600  # from the log-in
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = env.bool("COOKIES_SECURE", default=False)
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
SECURE_SSL_REDIRECT = env.bool("HTTPS_REDIRECT", default=False)
SECURE_REDIRECT_EXEMPT = ["^health$", "^ready$"]  # a balancer asks them without TLS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
# whether other hosts of the domain have TLS, and a browser's preload list, are not the hub's to decide
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "carinho.access.authentication.ApiKeyAuthentication",
        "carinho.access.authentication.OperatorSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["carinho.access.permissions.MayUseThePath"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["carinho.api.parsers.ShallowJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "carinho.api.errors.as_problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Carinho Integrações",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "carinho.api.schema.complete",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "EventStatus": "events.models.EventStatus",
        "DeliveryStatus": "events.models.DeliveryStatus",
        "DeadLetterStatus": "events.models.DeadLetterStatus",
        "RunStatus": "sync.models.RunStatus",
        "Severity": ["warning", "critical"],
        "HubHealth": ["healthy", "degraded", "critical"],
    },
}

# --- the other systems: the files of carinho/services, which know no app and read no setting when imported
SIMULATOR_URL = env("SIMULATOR_URL", default="http://127.0.0.1:8100")


def derived_secrets(purpose: str) -> list[str]:
    """The same in every process that has this SECRET_KEY, then those of the keys before it; none without."""
    keys = [SECRET_KEY, *SECRET_KEY_FALLBACKS] if SECRET_KEY else []
    return [salted_hmac(purpose, "carinho", secret=key).hexdigest() for key in keys]


def system(name: str) -> dict[str, Any]:
    """Address, key and habits of one system; the simulator plays those that are not named."""
    url = env(f"{name.upper()}_URL", default="")
    return {
        "url": url or f"{SIMULATOR_URL}/{name}",
        "key": env(f"{name.upper()}_API_KEY", default="simulator"),
        "auth": env(f"{name.upper()}_AUTH", default="X-API-Key"),
        "pages": env(f"{name.upper()}_PAGES", default="cursor"),
        "honours_keys": env.bool(f"{name.upper()}_HONOURS_KEYS", default=True),
        "lacks": env.list(f"{name.upper()}_LACKS", default=contract.optional(name) if url else []),
    }


SYSTEMS = {name: system(name) for name in Service.discover()}
zapi_secret = env("ZAPI_WEBHOOK_SECRET", default="")
zapi_secrets = [zapi_secret] if zapi_secret else derived_secrets("zapi webhook")
ZAPI = {
    "url": env("ZAPI_URL", default="") or f"{SIMULATOR_URL}/zapi",
    "instance": env("ZAPI_INSTANCE", default="simulator"),
    "token": env("ZAPI_TOKEN", default="simulator"),
    "client_token": env("ZAPI_CLIENT_TOKEN", default="simulator"),
    "webhook_secret": zapi_secrets[0] if zapi_secrets else "",
    "earlier_webhook_secrets": zapi_secrets[1:],  # still taken in, until Z-API was given the new address
}
PUBLIC_URL = env("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}")  # where Z-API reaches us
WHATSAPP_QUIET_HOURS = env("WHATSAPP_QUIET_HOURS", default="21-8")
WHATSAPP_DAILY_LIMIT = env.int("WHATSAPP_DAILY_LIMIT", default=0)  # new people a day; 0: any number
WHATSAPP_TRACE_SECONDS = env.int("WHATSAPP_TRACE_SECONDS", default=180)  # how late a message's trace may come
LANES = [*SYSTEMS, "whatsapp"]

SOURCES = ["site", *SYSTEMS, "documentos"]
WEBHOOK_SECRETS = {source: env.list(f"WEBHOOK_SECRET_{source.upper()}", default=[]) for source in SOURCES}

# --- the engine -----------------------------------------------------------------------------------
RETRY_WAITS = env.list("RETRY_WAITS", int, default=[60, 240, 900, 3600])
BREAKER_FAILURES = env.int("BREAKER_FAILURES", default=5)
BREAKER_RESET_SECONDS = env.int("BREAKER_RESET_SECONDS", default=60)
BREAKER_RESET_MAX_SECONDS = env.int("BREAKER_RESET_MAX_SECONDS", default=600)
HOLD_LIMIT_SECONDS = env.int("HOLD_LIMIT_SECONDS", default=86400)
FEEDBACK_DELAY_SECONDS = env.int("FEEDBACK_DELAY_SECONDS", default=7200)
LEASE_SECONDS = env.int("LEASE_SECONDS", default=60)
LANE_PARTITIONS = env.int("LANE_PARTITIONS", default=1)  # lanes that share a system: 1, 2, 4, 8 or 16
# days that rows are kept once they are over; `manage.py check` refuses less than one
KEEP_PROCESSED_DAYS = env.int("KEEP_PROCESSED_DAYS", default=30)
KEEP_FAILED_DAYS = env.int("KEEP_FAILED_DAYS", default=365)
KEEP_REJECTED_DAYS = env.int("KEEP_REJECTED_DAYS", default=30)
KEEP_WEBHOOKS_DAYS = env.int("KEEP_WEBHOOKS_DAYS", default=30)
KEEP_CALLBACKS_DAYS = env.int("KEEP_CALLBACKS_DAYS", default=30)
KEEP_RECEIVED_DAYS = env.int("KEEP_RECEIVED_DAYS", default=365)
KEEP_RUNS_DAYS = env.int("KEEP_RUNS_DAYS", default=90)
KEEP_DIFFERENCES_DAYS = env.int("KEEP_DIFFERENCES_DAYS", default=365)
KEEP_LOGINS_DAYS = env.int("KEEP_LOGINS_DAYS", default=90)
KEEP_AUDIT_DAYS = env.int("KEEP_AUDIT_DAYS", default=1825)
RATE_LIMIT_PEOPLE = env.int("RATE_LIMIT_PEOPLE", default=60)  # requests a minute and key
RATE_LIMIT_LOGINS = env.int("RATE_LIMIT_LOGINS", default=20)  # log-ins a minute and address
RATE_LIMIT_EVENTS = env.int("RATE_LIMIT_EVENTS", default=6000)

# --- monitoring: `manage.py alerts` prints every limit with its name and the value in force --------------
ALERT_LIMITS = {
    name: env.float(name)
    for name, value in os.environ.items()
    if name.startswith("ALERT_") and name.endswith(("_WARNING", "_CRITICAL")) and value
}
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
ALERT_WHATSAPP_NUMBERS = env.list("ALERT_WHATSAPP_NUMBERS", default=[])  # the shift's phones
ALERT_WEBHOOK_URL = env("ALERT_WEBHOOK_URL", default="")
ALERT_WEBHOOK_SECRET = env("ALERT_WEBHOOK_SECRET", default="")  # whsec_…, as Standard Webhooks has it
WEBHOOKS_TO_PRIVATE_ADDRESSES = env.bool("WEBHOOKS_TO_PRIVATE_ADDRESSES", default=False)
ALERT_REMINDER_SECONDS = env.int("ALERT_REMINDER_SECONDS", default=3600)
ALERT_SETTLE_SECONDS = env.int("ALERT_SETTLE_SECONDS", default=120)  # gone for so long, it is resolved
ALERT_FLAP_SECONDS = env.int("ALERT_FLAP_SECONDS", default=900)  # back within, it is the same alert
REPORT_EMAILS = env.list("REPORT_EMAILS", default=[])
# who is called, and how: "Ana Souza, ana@exemplo.com, 11 98765-4321; Bia, …"
SUPPORT_OPERATIONS = env("SUPPORT_OPERATIONS", default="Equipe de operação, operacao@carinho.com.vc")
SUPPORT_DEVELOPMENT = env("SUPPORT_DEVELOPMENT", default="Equipe de desenvolvimento, dev@carinho.com.vc")
SUPPORT_MANAGEMENT = env("SUPPORT_MANAGEMENT", default="")
SUPPORT_SYSTEMS = {
    name: env(f"SUPPORT_{name.upper()}", default="") for name in SYSTEMS
}  # who looks after each
HUB_URL = env("HUB_URL", default=f"http://localhost:{PORT}")  # where links in messages lead
WATCH_FROM_WEB = not IS_TEST  # the web process looks on when worker and clock are silent

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="integracoes@carinho.com.vc")

# --- Celery ---------------------------------------------------------------------------------------
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="") or broker.URL
if CELERY_BROKER_URL == broker.URL:
    CELERY_BROKER_TRANSPORT_OPTIONS = broker.options(VAR_DIR)
else:  # a broker that is away must not keep a sender waiting: recovery wakes the lane again
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
        "socket_connect_timeout": 1,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in ["default", "sync", *LANES]}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # a wake-up that cannot be sent is sent again by recovery
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "carinho.scheduler:Scheduler"
# lanes that linger, WhatsApp's one among them, runs of synchronisations, and short tasks
NEEDED_SLOTS = len(SYSTEMS) * LANE_PARTITIONS + 1 + 4 + 3
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=NEEDED_SLOTS)
CELERY_WORKER_POOL = "carinho.worker_pool:TaskPool"
CELERY_WORKER_AUTOSCALER = "carinho.worker_pool:Autoscaler"
CELERY_WORKER_POOL_PUTLOCKS = False  # who takes messages does not wait for a process: a lane's makes one
CELERY_DB_REUSE_MAX = sys.maxsize  # connections outlive a task; see carinho.celery

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "carinho.logs.JsonFormatter"}},
    "filters": {
        "request_id": {"()": "carinho.logs.RequestIdFilter"},
        "without_strangers_noise": {"()": "carinho.logs.SecurityWarnings"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["request_id", "without_strangers_noise"],
        },
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}

if IS_TEST:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

from carinho.console.theme import UNFOLD  # noqa: E402, F401  (how the console looks)
