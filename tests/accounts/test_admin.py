"""Users in the Django admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
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
    """What a browser would send back: the form, and how many rows stand below it."""
    form = response.context["adminform"].form
    body = {name: value for name, value in form.initial.items() if value not in (None, [])}
    for rows in response.context["inline_admin_formsets"]:
        counts = rows.formset.management_form
        body |= {counts.add_prefix(name): value for name, value in counts.initial.items()}
    return body


def add(admin, username):
    body = {"username": username, "email": f"{username}@example.com"}
    return admin.post(reverse("admin:accounts_user_add"), body)


def test_a_user_is_added(admin):
    response = add(admin, "dora")
    assert response.status_code == 302
    assert not User.objects.get(username="dora").has_usable_password()
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


def helper(**more) -> Client:
    """Staff who may add and change users."""
    user = User.objects.create_user("helper", password=PASSWORD, is_staff=True, **more)
    rights = Permission.objects.filter(content_type__app_label__in=("accounts", "auth"))
    user.user_permissions.set(rights)
    client = Client()
    client.force_login(user)
    return client


def change_page(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def test_nobody_sets_anothers_password_here(admin, alice):
    new = "another horse altogether"
    body = {"password1": new, "password2": new, "usable_password": "true"}
    url = reverse("admin:auth_user_password_change", args=[alice.user.pk])
    for client in (admin, helper()):
        assert client.get(url).status_code == 403
        assert client.post(url, body).status_code == 403
    assert User.objects.get(pk=alice.user.pk).check_password(PASSWORD)


RIGHTS = {"is_staff": "on", "is_superuser": "on", "email": "thief@example.com", "password": "x"}


def test_staff_who_may_change_users_give_nobody_rights_or_another_address(alice):
    client = helper()
    body = form_of(client.get(change_page(alice.user))) | RIGHTS
    group = Group.objects.create(name="all")
    body |= {"groups": [group.pk], "user_permissions": [1], "first_name": "Alice"}
    assert client.post(change_page(alice.user), body).status_code == 302
    user = User.objects.get(pk=alice.user.pk)
    assert (user.first_name, user.email) == ("Alice", "alice@example.com")
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert not user.groups.exists()
    assert not user.user_permissions.exists()
    assert user.check_password(PASSWORD)


def test_a_user_who_is_added_has_no_rights():
    client = helper()
    body = {"username": "dora", "email": "dora@example.com"} | RIGHTS
    client.post(reverse("admin:accounts_user_add"), body)
    dora = User.objects.get(username="dora")
    assert (dora.is_staff, dora.is_superuser) == (False, False)
    assert not dora.has_usable_password()


def test_staff_change_neither_themselves_nor_other_staff(admin, carol):
    client = helper()
    root, own = User.objects.get(username="root"), User.objects.get(username="helper")
    for user in (own, root, carol.user):
        body = {"username": user.username, "is_superuser": "on", "is_active": ""}
        assert client.post(change_page(user), body).status_code == 403
    assert not User.objects.get(pk=own.pk).is_superuser
    assert User.objects.get(pk=root.pk).is_active


def test_only_superusers_edit_groups(admin):
    group = Group.objects.create(name="all")
    url = reverse("admin:auth_group_change", args=[group.pk])
    client = helper()
    assert client.post(url, {"name": "mine", "permissions": [1]}).status_code == 403
    assert client.get(reverse("admin:auth_group_add")).status_code == 403
    assert admin.get(url).status_code == 200


def test_staff_send_a_link_that_they_do_not_see(alice, mailoutbox):
    client = helper()
    body = {"action": "send_password_links", "_selected_action": [str(alice.user.pk)]}
    response = client.post(reverse(USERS), body, follow=True)
    [mail] = mailoutbox
    assert mail.to == ["alice@example.com"]
    link = next(word for word in mail.body.split() if "/auth/links/password/" in word)
    assert link.partition("links/")[2] not in response.content.decode()


def test_a_deactivated_user_is_out_at_once(admin, alice, database):
    body = form_of(admin.get(change_page(alice.user)))
    body = {name: value for name, value in body.items() if name != "is_active"}
    assert admin.post(change_page(alice.user), body).status_code == 302
    assert alice.client.get("/session").status_code == 401


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
