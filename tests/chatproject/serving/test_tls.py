"""Behind a proxy that ends TLS."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRINTED = """
from django.test import Client
from django.conf import settings
page = Client().get("/healthz", HTTP_HOST="localhost", HTTP_X_FORWARDED_PROTO="https")
print(
    settings.SESSION_COOKIE_SECURE,
    settings.CSRF_COOKIE_SECURE,
    page.headers.get("Strict-Transport-Security"),
)
"""


@pytest.mark.parametrize(
    ("value", "printed"),
    [("1", "True True max-age=31536000"), ("0", "False False None"), ("", "False False None")],
)
def test_cookies_are_for_https_where_a_proxy_ends_tls(tmp_path, value, printed):
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(){PRINTED}"],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "chatproject.settings",
            "DATA_DIR": str(tmp_path),
            "BEHIND_TLS": value,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.rstrip("\n") == printed
