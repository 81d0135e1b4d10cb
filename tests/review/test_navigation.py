"""What leads about in the admin: groups with icons, the filters in use, a user's page."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import ApiKey, SignIn, User
from tests.review.conftest import LIST, Person, now, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(person: Any) -> Person:
    """A superuser."""
    return person("root", is_staff=True, is_superuser=True)


def groups(person: Person, path: str = "/admin/") -> dict[str, list[str]]:
    apps = person.client.get(path).context["available_apps"]
    return {group["name"]: [str(model["name"]) for model in group["models"]] for group in apps}


def test_models_stand_in_groups_and_the_tables_of_tokens_in_none(root: Person):
    assert groups(root) == {
        "Conversations": ["Conversations", "Read log"],
        "People": ["Users", "Groups"],
        "Applications": ["Applications", "Service keys"],
    }


def test_each_sees_the_groups_that_they_may_use(carol: Person, stan: Person):
    assert groups(carol) == {"Conversations": ["Conversations"]}
    assert groups(stan) == {}


@pytest.mark.parametrize(
    "path", ["/admin/", LIST, "/admin/accounts/user/", "/admin/accounts/user/add/"]
)
def test_every_page_has_the_sidebar_with_icons_and_the_palette(root: Person, path: str):
    page = text(root.client.get(path))
    assert 'id="nav-sidebar"' in page
    assert page.count('class="nav-icon"') >= 6
    assert 'id="open-palette"' in page
    assert "chat/style/palette" in page


@pytest.mark.parametrize(
    ("path", "name"),
    [(LIST, "Conversations"), (f"{LIST}audit/", "Read log"), ("/admin/accounts/user/", "Users")],
)
def test_the_model_that_a_page_is_about_is_marked_and_no_other(root: Person, path: str, name: str):
    apps = root.client.get(path).context["available_apps"]
    marked = [model["name"] for group in apps for model in group["models"] if model["is_current"]]
    assert [str(each) for each in marked] == [name]


def test_a_table_of_tokens_can_still_be_opened_by_its_address(root: Person):
    assert root.client.get("/admin/token_blacklist/outstandingtoken/").status_code == 200


def test_filters_in_use_are_chips_that_each_take_one_away(carol: Person):
    page = carol.client.get(f"{LIST}?status=archived&flagged=no&year=2026&month=5&q=alice")
    chips = page.context["query"].chips()
    assert [chip.label for chip in chips] == [
        "User or id: alice", "Flagged: Not flagged", "Status: Archived", "Active: 2026-5",
    ]  # fmt: skip
    assert chips[2].query == "?q=alice&flagged=no&year=2026&month=5"
    assert 'aria-label="Filters in use"' in text(page)
    assert "Filters in use" not in text(carol.client.get(LIST))


def test_lists_of_django_have_chips_as_well(root: Person):
    page = text(root.client.get("/admin/accounts/user/?is_staff__exact=1&q=ro"))
    assert "Search: ro" in page
    assert "Staff status: Yes" in page


def test_a_users_page_leads_to_conversations_keys_devices_and_the_read_log(
    root: Person, alice: Person
):
    moment = now()
    ApiKey.objects.create(
        user=alice.user, name="laptop", shown="sk-chat-abc", digest="d", user_generation=0,
        created_at=moment, expires_at=moment - timedelta(days=1),
    )  # fmt: skip
    SignIn.objects.create(
        user=alice.user, user_generation=alice.user.token_generation, device="Firefox on Linux",
        started_at=moment, used_at=moment,
    )  # fmt: skip
    page = text(root.client.get(f"/admin/accounts/user/{alice.id}/change/"))

    for shown in ("laptop", "sk-chat-abc", "Firefox on Linux", "API keys", "Signed-in devices"):
        assert shown in page
    assert f'href="/admin/conversations/?q={alice.id}"' in page
    assert f'href="/admin/conversations/audit/?user={alice.id}"' in page
    assert 'name="api_keys-0-name"' not in page  # shown, not changed
    saved = root.client.post(
        f"/admin/accounts/user/{alice.id}/change/",
        {"username": "alicia", "is_active": "on", "api_keys-TOTAL_FORMS": "0",
         "api_keys-INITIAL_FORMS": "0", "sign_ins-TOTAL_FORMS": "0", "sign_ins-INITIAL_FORMS": "0"},
    )  # fmt: skip
    assert saved.status_code == 302
    assert User.objects.get(pk=alice.id).username == "alicia"


def test_the_list_of_users_leads_to_conversations_only_for_who_may_read(root: Person, person: Any):
    assert "Read log" in text(root.client.get("/admin/accounts/user/"))
    from django.contrib.auth.models import Permission

    clerk = person("clerk", is_staff=True)
    clerk.user.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert "/admin/conversations/?q=" not in text(clerk.client.get("/admin/accounts/user/"))
