"""Users in the Django admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
USERS = "admin:accounts_user_changelist"


@pytest.fixture
def admin(db) -> Client:
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    assert client.login(username="ROOT", password=PASSWORD)
    return client


def form_of(response) -> dict:
    form = response.context["adminform"].form
    return {name: value for name, value in form.initial.items() if value not in (None, [])}


def add(admin, username):
    body = {"username": username, "password1": PASSWORD, "password2": PASSWORD}
    return admin.post(reverse("admin:accounts_user_add"), body | {"usable_password": "true"})


def test_a_user_is_added(admin):
    response = add(admin, "dora")
    assert response.status_code == 302
    assert User.objects.get(username="dora").check_password(PASSWORD)
    assert LogEntry.objects.count() == 1


def test_a_taken_name_is_refused_in_another_casing(admin, alice):
    response = add(admin, "ALICE")
    errors = response.context["adminform"].form.errors
    assert errors == {"username": ["A user with that username already exists."]}


def test_a_user_is_changed_and_stays_signed_in(admin, alice, visitor):
    url = reverse("admin:accounts_user_change", args=[alice.user.pk])
    body = form_of(admin.get(url)) | {"username": "Alicia", "is_staff": "on"}
    body |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    assert admin.post(url, body).status_code == 302
    assert User.objects.get_by_natural_key("alicia").is_staff
    refresh = {"refresh": alice.pair.refresh}
    assert visitor.post("/auth/token/refresh", refresh).status_code == 200


def test_a_name_of_anothers_is_refused_on_change(admin, alice, bob):
    url = reverse("admin:accounts_user_change", args=[alice.user.pk])
    response = admin.post(url, form_of(admin.get(url)) | {"username": "BOB"})
    assert "username" in response.context["adminform"].form.errors


def test_a_password_set_here_ends_every_sign_in(admin, alice, visitor):
    url = reverse("admin:auth_user_password_change", args=[alice.user.pk])
    new = "another horse altogether"
    body = {"password1": new, "password2": new, "usable_password": "true"}
    assert admin.post(url, body).status_code == 302
    assert User.objects.get(pk=alice.user.pk).check_password(new)
    refresh = {"refresh": alice.pair.refresh}
    assert visitor.post("/auth/token/refresh", refresh).status_code == 401


@pytest.mark.parametrize("query", ["alice", "ALICE", "alice@example.com"])
def test_a_user_is_found(admin, alice, bob, query):
    response = admin.get(reverse(USERS), {"q": query})
    assert list(response.context["cl"].queryset) == [alice.user]


def test_a_name_is_found_in_any_casing_of_any_script(admin, alice):
    wanted = User.objects.create_user("Émile")
    response = admin.get(reverse(USERS), {"q": "éMILE"})
    assert list(response.context["cl"].queryset) == [wanted]


def test_a_user_is_found_by_id(admin, alice, bob):
    response = admin.get(reverse(USERS), {"q": str(alice.user.pk)})
    assert list(response.context["cl"].queryset) == [alice.user]


def test_nobody_is_deleted_here(admin, alice):
    url = reverse("admin:accounts_user_delete", args=[alice.user.pk])
    assert admin.post(url, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.user.pk).exists()


def test_people_without_the_staff_flag_do_not_get_in(alice):
    client = Client()
    client.force_login(alice.user)
    assert client.get(reverse(USERS)).status_code == 302
