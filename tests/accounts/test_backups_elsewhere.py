"""The accounts of a backup come back in another kind of database: SQLite, PostgreSQL, and back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgresql
from tests.chatproject.conftest import ROOT, environment, manage
from tests.postgresql import PostgreSQL

KEYS = {"SECRET_KEY": "s" * 50, "JWT_SIGNING_KEY": "j" * 50}
KEPT = ("auth.group", "admin.logentry", "accounts", "token_blacklist")
# One row at least of every model, and what databases may keep differently: times to the
# microsecond, nulls, JSON, letters of several bytes, numbers that a sequence counts on from.
ROWS = """
from datetime import UTC, datetime, timedelta
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from accounts.models import ApiKey, Application, ServiceKey, SignIn, User
at = datetime(2026, 1, 31, 12, 0, 0, 123_456, UTC)
readers = Group.objects.create(name="readers")
readers.permissions.add(*Permission.objects.order_by("id")[:3])
alice = User.objects.create_user("alice", password="a long enough secret", instructions="Ünï 🙂")
alice.groups.add(readers)
alice.user_permissions.add(Permission.objects.order_by("-id")[0])
User.objects.create_superuser("root", password="a long enough secret")
for number in range(5):
    owner = User.objects.create_user(f"Żółć-{number}", password=None)
    token = OutstandingToken.objects.create(
        user=owner, jti=f"jti-{number}", token="t", created_at=at, expires_at=at + timedelta(days=1)
    )
    BlacklistedToken.objects.create(token=token)
# A gap: the newest number is not that of the last row.
OutstandingToken.objects.filter(jti="jti-1").delete()
ApiKey.objects.create(user=alice, name="k", shown="k", digest="a" * 64, user_generation=1,
                      created_at=at, expires_at=None)
SignIn.objects.create(user=alice, user_generation=0, device="π", started_at=at, used_at=at,
                      ended_at=at, end="reused")
shop = Application.objects.create(name="shop", tokens_a_day=2**40)
ServiceKey.objects.create(application=shop, name="k", shown="k", digest="b" * 64,
                          scopes=["sessions:read", "ü"], created_at=at)
LogEntry.objects.create(user=alice, content_type=ContentType.objects.get_for_model(User),
                        object_id=str(alice.pk), object_repr="alice", action_flag=CHANGE)
"""
MORE_ROWS = """
from datetime import UTC, datetime
from django.contrib.auth.models import Group
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
at = datetime(2026, 2, 1, tzinfo=UTC)
OutstandingToken.objects.create(jti="new", token="t", created_at=at, expires_at=at)
Group.objects.create(name="writers")
"""


@pytest.fixture
def accounts() -> Iterator[PostgreSQL]:
    with postgresql.running() as server:
        yield server


def run(data_dir: Path, script: str, **more: str) -> None:
    """Run a script with Django set up and the accounts database there."""
    begin = "import django; django.setup()\nfrom django.core.management import call_command\n"
    begin += "call_command('migrate', verbosity=0)\n"
    more = {"DJANGO_SETTINGS_MODULE": "chatproject.settings", **KEYS, **more}
    subprocess.run(
        [sys.executable, "-c", begin + script],
        cwd=ROOT,
        env=environment(data_dir, **more),
        check=True,
        timeout=100,
    )


def done(data_dir: Path, *arguments: str, **more: str) -> Any:
    """What a command prints, as JSON."""
    ended = manage(data_dir, *arguments, **KEYS, **more)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def rows(data_dir: Path, **more: str) -> list[dict[str, Any]]:
    """Every account and what belongs to it; what `migrate` numbers is named instead."""
    stored = done(data_dir, "dumpdata", *KEPT, "--natural-foreign", **more)
    for row in stored:
        if row["model"] == "auth.group":
            del row["pk"]
    return sorted(stored, key=lambda row: json.dumps(row, sort_keys=True))


def test_accounts_move_from_sqlite_to_postgresql_and_back(accounts: PostgreSQL, tmp_path: Path):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for directory in (first, second, third):
        directory.mkdir(mode=0o700)
    there = {"DATABASE_URL": accounts.url}
    run(first, ROWS)
    before = rows(first)
    made = done(first, "backup", str(tmp_path / "1"), "--json")
    restored = done(second, "restore", str(tmp_path / "1"), "--json", **there)

    assert restored["accounts_rows"] == made["accounts_rows"] == len(before)
    assert rows(second, **there) == before
    assert {row["model"] for row in before} >= {
        "accounts.user", "accounts.apikey", "accounts.signin", "accounts.application",
        "accounts.servicekey", "admin.logentry", "auth.group", "token_blacklist.blacklistedtoken",
    }  # fmt: skip

    # A new row gets a number of its own.
    run(second, MORE_ROWS, **there)
    after = rows(second, **there)
    assert len(after) == len(before) + 2
    done(second, "backup", str(tmp_path / "2"), "--json", **there)
    done(third, "restore", str(tmp_path / "2"), "--json")
    assert rows(third) == after
