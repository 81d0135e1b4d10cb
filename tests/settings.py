"""The service's settings, for tests: quick passwords, no throttling, data in a scratch place."""

import os
import tempfile
from pathlib import Path

# Before the settings are read: a test run never touches the data of a service.
os.environ["DATA_DIR"] = os.environ.get("TEST_DATA_DIR") or tempfile.mkdtemp(prefix="chat-tests-")
for name in ("MONGODB_URI", "DATABASE_URL", "THROTTLE_ANON", "THROTTLE_USER", "LLM_BASE_URL"):
    os.environ.pop(name, None)

from chatproject.settings import *  # noqa: E402, F403
from chatproject.settings import DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
THROTTLE_RATES = dict.fromkeys(
    ("anon", "user", "login", "login_account", "login_network", "chat", "mail", "search")
)
# A file, as a database in memory cannot be shared by the threads of a race.
DATABASES["default"]["TEST"] = {"NAME": Path(os.environ["DATA_DIR"]) / "test.sqlite3"}
Path(os.environ["DATA_DIR"], "static").mkdir(parents=True, exist_ok=True)
# Nothing is collected for tests, so no file has a hashed name.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
