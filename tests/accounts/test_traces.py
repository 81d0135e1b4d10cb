"""Looking through the accounts database for one person."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import User
from accounts.privacy.traces import account_traces

pytestmark = pytest.mark.django_db


def traces(user, *names):
    found = account_traces(user_id=str(user.pk), names=names)
    return {table: count for table, count in found.items() if count}


def test_every_table_is_looked_through():
    assert set(account_traces(user_id="x")) >= {
        "accounts_user",
        "accounts_user_groups",
        "django_admin_log",
        "django_session",
        "token_blacklist_outstandingtoken",
    }


def test_an_account_and_what_refers_to_it_are_found(alice, bob, visitor):
    visitor.post("/auth/token/refresh", {"refresh": alice.pair.refresh})
    of_account = {"accounts_user": 1, "accounts_signin": 1}
    assert traces(alice.user) == {**of_account, "token_blacklist_outstandingtoken": 1}
    assert OutstandingToken.objects.count() == 1
    assert traces(bob.user) == of_account


@pytest.mark.parametrize("text", ["ALICE", "alice@example.com"])
def test_names_are_found_where_others_noted_them(alice, carol, text):
    alice_id = alice.user.pk
    User.objects.filter(pk=alice_id).delete()
    LogEntry.objects.create(user=carol.user, object_repr=text, action_flag=CHANGE)
    found = account_traces(user_id=str(alice_id), names=["alice", "alice@example.com", ""])
    assert {table: count for table, count in found.items() if count} == {"django_admin_log": 1}


def test_an_id_is_found_inside_a_text(alice, carol):
    text = f"merged into {alice.user.pk}"
    LogEntry.objects.create(user=carol.user, change_message=text, action_flag=CHANGE)
    assert traces(alice.user)["django_admin_log"] == 1


def test_somebody_else_may_have_the_address_or_the_name(alice, bob):
    User.objects.filter(pk=bob.user.pk).update(email=alice.user.email)
    User.objects.filter(pk=alice.user.pk).delete()
    assert traces(alice.user, "bob", "alice@example.com") == {}
