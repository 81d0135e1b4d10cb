"""One small site per strategy, named by the environment: the service's settings, bare routes.

No throttle, no REST framework, no middleware but Django's sessions where they are the subject.
"""

import os

from benchmarks.session_strategies import variants
from chatproject.settings import *  # noqa: F403
from chatproject.settings import DATA_DIR

SESSION_STRATEGY = os.environ["SESSION_STRATEGY"]
ROOT_URLCONF = "benchmarks.session_strategies.site"
MIDDLEWARE = []
if SESSION_STRATEGY in variants.ENGINES:
    _engine, _cache = variants.ENGINES[SESSION_STRATEGY]
    MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
    SESSION_ENGINE = f"django.contrib.sessions.backends.{_engine}"
    if _cache:
        # Without a higher MAX_ENTRIES a cache throws sessions away from the 301st on.
        CACHES = {
            "default": {
                "BACKEND": _cache,
                "LOCATION": str(DATA_DIR / "session-cache"),
                "OPTIONS": {"MAX_ENTRIES": 10_000_000},
            }
        }
