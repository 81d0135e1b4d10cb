"""The accounts of a backup are read beside others who write."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connection

from accounts import backups
from accounts.models import User


@pytest.mark.django_db(transaction=True)
def test_others_write_while_the_accounts_are_read_as_they_were(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backups, "_LINES", 1)
    for name in ("alice", "bob", "carol"):
        User.objects.create_user(name)
    portions = backups.dump()
    read = [next(portions)]
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, timeout=0)) as another, another:
        another.execute("DELETE FROM accounts_user WHERE username = 'carol'")
    read += list(portions)

    assert sum(count for content, count in read if b"accounts.user" in content) == 3
    assert set(User.objects.values_list("username", flat=True)) == {"alice", "bob"}
    # Nothing of it is left on the connection.
    User.objects.create_user("dave")
    assert User.objects.count() == 3
