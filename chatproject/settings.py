"""Django settings. What an operator may change comes from the environment (docs/reference)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from chatproject import env
from chatproject.databases import accounts_database
from chatproject.http import cross_origin
from chatproject.logs import configuration
from chatproject.storage import signing_keys
from sessions_app.domain.attachments import Kind

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", ".data")).expanduser()
DATA_DIR = DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR

# --- address and processes -------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, low=1, high=65_535)
WORKERS = env.integer("WORKERS", 2, low=1, high=256)
THREADS = env.integer("THREADS", 16, low=1, high=1_024)
# Of these, none counts among THREADS: what touches the accounts database, and reads that compute.
ACCOUNTS_THREADS = env.integer("ACCOUNTS_THREADS", 4, low=1, high=64)
HEAVY_THREADS = env.integer("HEAVY_THREADS", 2, low=1, high=64)
# How long a heavy read works before it answers with what it has.
HEAVY_SECONDS = env.integer("HEAVY_SECONDS", 2, low=1, high=60)
# A worker whose event loop says nothing for so long is replaced; 0 switches that off.
WORKER_SILENCE_SECONDS = env.integer("WORKER_SILENCE_SECONDS", 6, high=3_600)
DEBUG = env.flag("DJANGO_DEBUG")

# --- load -------------------------------------------------------------------------------------
# A request that would wait longer for a thread is refused at once.
QUEUE_SECONDS = env.integer("QUEUE_SECONDS", 3, low=1, high=60)
QUEUE_MAX = env.integer("QUEUE_MAX", 1_000, low=1, high=100_000)
CONNECTIONS_MAX = env.integer("CONNECTIONS_MAX", 4_096, low=16, high=60_000)
CONNECTIONS_PER_ADDRESS = env.integer("CONNECTIONS_PER_ADDRESS", 2_048, low=1, high=60_000)
IDLE_SECONDS = env.integer("IDLE_SECONDS", 30, low=1, high=60)
BODY_SECONDS = env.integer("BODY_SECONDS", 60, low=1, high=3_600)
BODY_MIN_RATE = env.integer("BODY_MIN_RATE", 4_096, low=1, high=2**30)
BODIES_MAX_BYTES = env.integer("BODIES_MAX_BYTES", 134_217_728, low=8_388_608, high=2**40)
# How long a service that was sent SIGTERM says that it is not ready, and serves, so that balancers
# have turned elsewhere before it takes no more.
DRAIN_NOTICE_SECONDS = env.integer("DRAIN_NOTICE_SECONDS", 2, low=0, high=600)
# How long a stop waits: for requests in progress, and, within that, for the answers of turns.
DRAIN_SECONDS = env.integer("DRAIN_SECONDS", 10, low=1, high=1_800)
DRAIN_TURNS_SECONDS = env.integer("DRAIN_TURNS_SECONDS", 5, low=0, high=1_800)
if DRAIN_TURNS_SECONDS >= DRAIN_SECONDS:
    raise ImproperlyConfigured("DRAIN_TURNS_SECONDS must be less than DRAIN_SECONDS")
METRICS_TOKEN = env.text("METRICS_TOKEN", shortest=16)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_FAILURE_VIEW = "chatproject.http.error_pages.form_refused"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = env.words("CORS_ALLOWED_ORIGINS")
CORS_EXPOSE_HEADERS = cross_origin.EXPOSED
CORS_ALLOW_HEADERS = cross_origin.ALLOWED

# --- storage ----------------------------------------------------------------------------------
MONGODB_URI = env.text("MONGODB_URI")
MONGODB_DATABASE = env.text("MONGODB_DATABASE", "chat_sessions")
# How long a request waits for MongoDB, fail-over included, before it answers 503.
MONGODB_TIMEOUT_MS = env.integer("MONGODB_TIMEOUT_MS", 5_000, low=100, high=120_000)
MONGOD_BINARY = env.text("MONGOD_BINARY")

DATABASE_URL = env.text("DATABASE_URL")
# How long each thing that PostgreSQL is asked may take, a connection included.
ACCOUNTS_TIMEOUT_MS = env.integer("ACCOUNTS_TIMEOUT_MS", 1_500, low=100, high=120_000)
DATABASES: dict[str, Any] = {
    "default": accounts_database.by_url(
        DATABASE_URL, threads=THREADS, timeout_ms=ACCOUNTS_TIMEOUT_MS
    )
    if DATABASE_URL
    else accounts_database.in_file(DATA_DIR / "accounts.sqlite3")
}

# --- secrets ----------------------------------------------------------------------------------
SECRET_KEY, JWT_SIGNING_KEY = signing_keys.configured(
    DATA_DIR, is_shared=bool(MONGODB_URI or DATABASE_URL)
)
# The first password of the staff account, instead of a generated one.
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD", shortest=12)

# --- sessions ---------------------------------------------------------------------------------
SESSION_TTL_SECONDS = env.integer("SESSION_TTL_SECONDS", 2_592_000, high=3_153_600_000)
# Of a temporary session without a timeout of its own.
TEMPORARY_TTL_SECONDS = env.integer("TEMPORARY_TTL_SECONDS", 86_400, low=60, high=31_536_000)
EXPIRY_MODE = env.choice("EXPIRY_MODE", "archive", ["archive", "delete"])
ARCHIVE_RETENTION_DAYS = env.integer("ARCHIVE_RETENTION_DAYS", 365, high=36_500)
MESSAGE_MAX_CHARS = env.integer("MESSAGE_MAX_CHARS", 500_000, low=1, high=1_000_000)
CONTEXT_MAX_TOKENS = env.integer("CONTEXT_MAX_TOKENS", 4_000, low=64, high=1_000_000)
CONTEXT_STRATEGY = env.choice(
    "CONTEXT_STRATEGY", "hybrid", ["recent", "topic", "relevant", "hybrid"]
)
CONTEXT_LAYOUT = env.choice("CONTEXT_LAYOUT", "conversation", ["conversation", "stable_prefix"])
ON_TOPIC_SHIFT = env.choice("ON_TOPIC_SHIFT", "adjust", ["keep", "adjust", "reset"])
# How probable a shift must be. One that is wrong costs little with `adjust`, and much with `reset`.
TOPIC_ADJUST_THRESHOLD = env.fraction("TOPIC_ADJUST_THRESHOLD", 0.4)
TOPIC_RESET_THRESHOLD = env.fraction("TOPIC_RESET_THRESHOLD", 0.8)
TOPIC_DIVIDER_THRESHOLD = env.fraction("TOPIC_DIVIDER_THRESHOLD", 0.4)
# What makes vectors of messages; `e5` needs requirements-e5.txt.
ENCODER = env.choice("ENCODER", "minilm", ["minilm", "e5", "none"])

# --- attachments ------------------------------------------------------------------------------
ATTACHMENT_MAX_BYTES = env.integer("ATTACHMENT_MAX_BYTES", 20_971_520, low=1, high=2**31)
ATTACHMENTS_PER_MESSAGE = env.integer("ATTACHMENTS_PER_MESSAGE", 20, low=1, high=256)
# All of a user's: how many, and how many bytes; 0: any number.
ATTACHMENTS_PER_USER = env.integer("ATTACHMENTS_PER_USER", 100_000)
ATTACHMENTS_PER_USER_BYTES = env.integer("ATTACHMENTS_PER_USER_BYTES", 1_073_741_824, high=2**50)
ATTACHMENT_TYPES = env.words("ATTACHMENT_TYPES", ",".join(Kind))
if unknown := set(ATTACHMENT_TYPES) - set(Kind):
    raise ImproperlyConfigured(f"ATTACHMENT_TYPES: unknown {', '.join(sorted(unknown))}")
ATTACHMENT_MAX_PIXELS = env.integer("ATTACHMENT_MAX_PIXELS", 50_000_000, low=1, high=2**30)
# Where a picture was taken is taken out of it, unless this is set.
ATTACHMENT_KEEP_POSITION = env.flag("ATTACHMENT_KEEP_POSITION")
# Of a file's text: what is searched, and what a model is sent.
ATTACHMENT_TEXT_CHARS = env.integer("ATTACHMENT_TEXT_CHARS", 100_000, high=1_000_000)
ATTACHMENT_UNUSED_HOURS = env.integer("ATTACHMENT_UNUSED_HOURS", 24, low=2, high=8_760)
# What one process reads of a stranger's file may take: bytes of memory, and seconds.
ATTACHMENT_READER_BYTES = env.integer(
    "ATTACHMENT_READER_BYTES", 1_073_741_824, low=268_435_456, high=2**40
)
ATTACHMENT_READER_SECONDS = env.integer("ATTACHMENT_READER_SECONDS", 20, low=1, high=600)
# Bytes of uploads on the disk of this process that have not been stored; and threads for them.
UPLOADS_MAX_BYTES = env.integer("UPLOADS_MAX_BYTES", 1_073_741_824, low=1_048_576, high=2**40)
UPLOAD_THREADS = env.integer("UPLOAD_THREADS", 2, low=1, high=64)
# The export of another program that a user may send to be imported.
IMPORT_MAX_BYTES = env.integer("IMPORT_MAX_BYTES", 268_435_456, low=1_048_576, high=2**34)

# --- jobs by schedule -------------------------------------------------------------------------
JOBS = env.flag("JOBS", default=True)
# From the end of a run to the next; 0 switches one off.
JOBS_EXPIRE_SECONDS = env.integer("JOBS_EXPIRE_SECONDS", 3_600, high=31_536_000)
JOBS_TOKENS_SECONDS = env.integer("JOBS_TOKENS_SECONDS", 86_400, high=31_536_000)
JOBS_SEARCH_SECONDS = env.integer("JOBS_SEARCH_SECONDS", 3_600, high=31_536_000)
JOBS_TOPICS_SECONDS = env.integer("JOBS_TOPICS_SECONDS", 3_600, high=31_536_000)
JOBS_ATTACHMENTS_SECONDS = env.integer("JOBS_ATTACHMENTS_SECONDS", 3_600, high=31_536_000)
JOBS_SUMMARIES_SECONDS = env.integer("JOBS_SUMMARIES_SECONDS", 3_600, high=31_536_000)
# The longest run of a job: what is left then is left to its next one, a minute later.
JOBS_RUN_SECONDS = env.integer("JOBS_RUN_SECONDS", 600, low=1, high=86_400)

# --- the model --------------------------------------------------------------------------------
LLM_BASE_URL = env.text("LLM_BASE_URL")
LLM_API_KEY = env.text("LLM_API_KEY")
LLM_MODEL = env.text("LLM_MODEL")
LLM_TIMEOUT_SECONDS = env.integer("LLM_TIMEOUT_SECONDS", 60, low=1, high=3_600)
LLM_ANSWER_SECONDS = env.integer("LLM_ANSWER_SECONDS", 600, low=1, high=86_400)
# `auto` learns from what the server refuses; see docs/dialects.md.
LLM_DIALECT = env.choice("LLM_DIALECT", "auto", ("auto", "openai", "strict"))
# What `/v1` does about sessions that are not there, or not named; see docs/openai-sessions.md.
OPENAI_SESSIONS = env.choice("OPENAI_SESSIONS", "explicit", ("explicit", "create", "by_user"))
# `never` sends lines of text in place of pictures and files.
LLM_ATTACHMENTS = env.choice("LLM_ATTACHMENTS", "auto", ("auto", "never"))
LLM_PICTURES_MAX = env.integer("LLM_PICTURES_MAX", 10, low=0, high=1_000)
LLM_MODEL_FILE = env.text("LLM_MODEL_FILE")
if LLM_BASE_URL and not LLM_BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("LLM_BASE_URL must begin with http:// or https://")
if LLM_BASE_URL and not LLM_MODEL:
    raise ImproperlyConfigured("set LLM_MODEL: with LLM_BASE_URL set, a model must be named")
if not (LLM_API_KEY.isascii() and LLM_API_KEY.isprintable()):
    raise ImproperlyConfigured("LLM_API_KEY must hold printable ASCII characters only")
CONTEXT_SUMMARY = env.flag("CONTEXT_SUMMARY")
# Model calls at once in each worker process; a request for one more gets a 503.
TURNS_MAX = env.integer("TURNS_MAX", 128, low=1, high=4_096)

TURNS_PER_USER = env.integer("TURNS_PER_USER", 64, low=1, high=4_096)
# Of requests that say X-Turn-Wait: how many may wait for one session, and for how long.
TURN_WAITERS_MAX = env.integer("TURN_WAITERS_MAX", 16, low=0, high=1_000)
TURN_WAIT_MAX_SECONDS = env.integer("TURN_WAIT_MAX_SECONDS", 120, low=0, high=3_600)
# Empty: any. The configured model is always one of them.
MODELS_ALLOWED = env.words("MODELS_ALLOWED")
if MODELS_ALLOWED:
    MODELS_ALLOWED += [LLM_MODEL or "demo"]
LLM_MAX_CHOICES = env.integer("LLM_MAX_CHOICES", 8, low=1, high=128)
LLM_MAX_TOKENS = env.integer("LLM_MAX_TOKENS", 0, high=10_000_000)

# --- review -----------------------------------------------------------------------------------
REVIEW_MASK = env.flag("REVIEW_MASK", default=True)
REVIEW_PHONE_REGIONS = env.words("REVIEW_PHONE_REGIONS", "US,GB,DE")
if not all(len(region) == 2 and region.isupper() for region in REVIEW_PHONE_REGIONS):
    raise ImproperlyConfigured(
        "REVIEW_PHONE_REGIONS must be two capital letters a country, such as US,GB,DE"
    )

# --- Django -----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "chatproject.apps.ChatProjectConfig",
    "sessions_app.review.apps.ReviewConfig",
    "sessions_app.review.apps.ReviewSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "chatproject.static_files.apps.StaticFiles",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "corsheaders",
    "csp",
    "accounts.apps.AccountsConfig",
    "sessions_app.apps.SessionsConfig",
]
MIDDLEWARE = [
    "chatproject.logs.request_ids.naming",
    "chatproject.traces.requests.tracing_requests",
    "chatproject.metrics.requests.counting",
    "chatproject.storage.disk.refusing_growth",
    "chatproject.http.caching.private",
    # Answers API requests; what follows is for pages.
    "chatproject.http.api_requests.ApiRequests",
    "django.middleware.security.SecurityMiddleware",
    # Before the policy for pages: scripts, styles and fonts need none, and there are sixty of them.
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "chatproject.http.api_requests.answering",
]
ROOT_URLCONF = "chatproject.urls"
WSGI_APPLICATION = "chatproject.wsgi.application"
APPEND_SLASH = False  # trailing slashes are optional; a redirect would lose the body of a POST
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["accounts.credentials.hashers.ServiceArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
# Staff are signed out of the admin when they have done nothing there for so long.
SESSION_COOKIE_AGE = 60 * env.integer("STAFF_IDLE_MINUTES", 30, low=1, high=1_440)
SESSION_SAVE_EVERY_REQUEST = True
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
# Nothing of another origin needs them.
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Files that were collected beforehand, as in the image; `serve` collects none then.
STATIC_DIR = env.text("STATIC_DIR")
STATIC_ROOT = BASE_DIR / Path(STATIC_DIR).expanduser() if STATIC_DIR else DATA_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "sessions_app" / "web" / "static",
    # The chat page uses the client library as others do.
    ("chat/client", BASE_DIR / "clients" / "js"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "chatproject.static_files.hashed.HashedStaticFiles"},
}
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# For every page: no inline scripts or styles, nothing from other origins.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
if env.flag("BEHIND_TLS"):
    # The proxy must overwrite this header: otherwise a client could set it.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
# Of `check --deploy`: the proxy redirects to https, since probes of this service come without; and
# what is said of subdomains and in browsers' lists is for who owns the domain to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
# Room for one message of the maximum length, or for a batch. The API's parser applies this limit to
# JSON, Django to forms. It also keeps every document far below MongoDB's 16 MB.
REQUEST_MAX_BYTES = 5 * 1024 * 1024
# The same with pictures and files in it, which clients of `/v1` send again with each request.
REQUEST_WITH_FILES_MAX_BYTES = env.integer(
    "REQUEST_WITH_FILES_MAX_BYTES", 33_554_432, low=5_242_880, high=2**30
)
DATA_UPLOAD_MAX_MEMORY_SIZE = REQUEST_MAX_BYTES

# --- the API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["sessions_app.api.authentication.InScope"],
    "DEFAULT_PARSER_CLASSES": ["sessions_app.http.json_bodies.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["sessions_app.http.json_bodies.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "sessions_app.http.json_bodies.JsonNegotiation",
    "DEFAULT_THROTTLE_CLASSES": [
        "sessions_app.http.throttles.AnonThrottle",
        "sessions_app.http.throttles.UserThrottle",
        "sessions_app.http.throttles.ApplicationThrottle",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_standardized_errors.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "sessions_app.api.errors.exception_handler",
    # `?format=` selects an export's format here, not a renderer.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": env.integer("NUM_PROXIES", 0, high=16),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# What one user may store, and how often they may search in a day; 0 is no quota.
QUOTA_SESSIONS = env.integer("QUOTA_SESSIONS", 100_000)
QUOTA_MESSAGES = env.integer("QUOTA_MESSAGES", 5_000_000)
QUOTA_BYTES = env.integer("QUOTA_BYTES", 10_737_418_240)
QUOTA_API_KEYS = env.integer("QUOTA_API_KEYS", 100, low=1, high=10_000)
QUOTA_SEARCHES = env.integer("QUOTA_SEARCHES", 10_000)
THROTTLE_RATES = {
    "anon": env.rate("THROTTLE_ANON", "60/min"),
    "user": env.rate("THROTTLE_USER", "1200/min"),
    "login": env.rate("THROTTLE_LOGIN", "10/min"),
    # The next two count only while THROTTLE_LOGIN is on.
    "login_account": env.rate("THROTTLE_LOGIN_ACCOUNT", "60/hour"),
    "login_network": env.rate("THROTTLE_LOGIN_NETWORK", "600/hour"),
    "application": env.rate("THROTTLE_APPLICATION", "12000/min"),
    "chat": env.rate("THROTTLE_CHAT", "60/min"),
    "search": env.rate("THROTTLE_SEARCH", "60/min"),
    "mail": env.rate("THROTTLE_MAIL", "5/hour"),
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(
        minutes=env.integer("JWT_ACCESS_MINUTES", 5, low=1, high=60)
    ),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.integer("JWT_REFRESH_DAYS", 7, low=1)),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ALGORITHM": "HS256",
    "USER_ID_FIELD": "id",
    "USER_ID_CLAIM": "sub",  # RFC 7519, 4.1.2: the subject is who the token is about
    "UPDATE_LAST_LOGIN": False,
    # How far the clocks of the service's machines may be apart, in seconds.
    "LEEWAY": 5,
    "AUTH_TOKEN_CLASSES": (
        "sessions_app.api.authentication.RememberedAccessToken",
        "sessions_app.api.identity_provider.ProviderToken",
    ),
    "TOKEN_USER_CLASS": "sessions_app.api.authentication.TokenUser",
    "TOKEN_OBTAIN_SERIALIZER": "accounts.serializers.SignInSerializer",
    "TOKEN_REFRESH_SERIALIZER": "accounts.serializers.RefreshSerializer",
    "TOKEN_VERIFY_SERIALIZER": "accounts.serializers.VerifySerializer",
    "TOKEN_BLACKLIST_SERIALIZER": "accounts.serializers.SignOutSerializer",
}
REGISTRATION = env.choice("REGISTRATION", "open", ["open", "invited", "closed"])
REGISTRATION_INVITATIONS = env.words("REGISTRATION_INVITATIONS", shortest=16)
if REGISTRATION == "invited" and not REGISTRATION_INVITATIONS:
    raise ImproperlyConfigured("set REGISTRATION_INVITATIONS: with REGISTRATION=invited")
# Mails are printed unless a server is named.
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/") or f"http://{HOST}:{PORT}"
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = env.integer("EMAIL_PORT", 587, low=1, high=65_535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "chat@localhost")
PASSWORD_RESET_TIMEOUT = 3_600 * 24
# How long somebody stays signed in on a device, however often its token is refreshed.
SIGN_IN_MAX_DAYS = env.integer("SIGN_IN_MAX_DAYS", 90, low=1, high=3_650)
SPECTACULAR_SETTINGS = {
    "TITLE": "Chat sessions",
    "DESCRIPTION": "Multi-turn chat sessions: durable, ordered, per-user conversation state.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/",
    "ENUM_NAME_OVERRIDES": {"StatusEnum": ["active", "archived"]},
    "PREPROCESSING_HOOKS": ["sessions_app.api.description.paths.without_trailing_slash"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "sessions_app.api.description.closed_objects.close",
        "sessions_app.api.description.file_bodies.require",
    ],
}
# Tokens of an external identity provider are accepted beside our own when the first is set.
JWT_JWK_URL = env.text("JWT_JWK_URL")
JWT_ISSUER = env.text("JWT_ISSUER")
JWT_AUDIENCE = env.text("JWT_AUDIENCE")

# --- traces -----------------------------------------------------------------------------------
# OpenTelemetry's SDK reads these and its others by itself.
TRACES = bool(
    env.text("OTEL_EXPORTER_OTLP_ENDPOINT") or env.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
) and not env.flag("OTEL_SDK_DISABLED")

# --- the log ----------------------------------------------------------------------------------
LOG_FORMAT = env.choice("LOG_FORMAT", "text", ("text", "json"))
ACCESS_LOG = env.flag("ACCESS_LOG", default=True)
# What MongoDB takes longer for is logged, without values; 0 logs none.
SLOW_QUERY_MS = env.integer("SLOW_QUERY_MS", 500, high=3_600_000)
LOGGING = configuration.logging_in(LOG_FORMAT)
