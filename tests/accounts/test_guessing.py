"""Guessing passwords: how many attempts there are, by whom and from where; look-alike names."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from accounts import usernames
from accounts.credentials.attempts import DEVICE_COOKIE
from accounts.models import User
from sessions_app.http.throttles import network_of
from tests.accounts.conftest import PASSWORD, person
from tests.conftest import error

pytestmark = pytest.mark.django_db
TOKEN = "/auth/token"
ADMIN = "/admin/login/"


@pytest.fixture
def rates(settings, database):
    def change(**changes: str) -> None:
        high = dict.fromkeys(("login", "login_account", "login_network"), "1000/day")
        settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, **high, **changes}

    return change


def api(client, name: str, address: str = "192.0.2.1", password: str = "guess") -> int:
    body = {"username": name, "password": password}
    response = client.post(TOKEN, body, REMOTE_ADDR=address, format="json")
    return response.status_code


def admin(client, name: str, address: str = "192.0.2.1", password: str = "guess") -> int:
    body = {"username": name, "password": password}
    return client.post(ADMIN, body, REMOTE_ADDR=address).status_code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("2001:DB8:1:2:0:0:0:1", "[2001:db8:1:2::2]", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("unknown", "hidden", False),
    ],
)
def test_an_ipv6_address_counts_as_its_64(one, other, same):
    assert (network_of(one) == network_of(other)) is same


def test_an_attacker_with_a_64_has_the_attempts_of_one_address(visitor, rates):
    rates(login="2/day")
    statuses = [api(visitor, "alice", f"2001:db8::{number}") for number in range(1, 5)]
    assert statuses == [401, 401, 429, 429]


def test_an_account_has_so_many_attempts_whatever_the_address(visitor, rates):
    rates(login_account="3/day")
    statuses = [api(visitor, "alice", f"192.0.2.{number}") for number in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert api(visitor, "bob") == 401


def test_spraying_one_password_over_accounts_is_counted_per_address(visitor, rates):
    rates(login_network="3/day")
    statuses = [api(visitor, f"user{number}") for number in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert api(visitor, "user9", "198.51.100.7") == 401


def test_the_owner_gets_through_on_a_device_that_signed_in_before(alice, visitor, rates):
    rates(login_account="3/day")
    laptop = APIClient()
    assert api(laptop, "alice", password=PASSWORD) == 200
    for number in range(5):
        api(visitor, "alice", f"192.0.2.{number}")
    assert api(APIClient(), "alice", "198.51.100.7", PASSWORD) == 429
    assert api(laptop, "alice", "198.51.100.7", PASSWORD) == 200


def test_a_known_device_has_few_attempts_too(alice, rates):
    rates(login="2/day")
    laptop = APIClient()
    statuses = [api(laptop, "alice", password=PASSWORD)]
    statuses += [api(laptop, "alice", f"192.0.2.{number}") for number in range(4)]
    assert statuses == [200, 401, 401, 429, 429]


def test_a_device_is_known_to_its_own_account_only(alice, bob, rates):
    rates()
    laptop = APIClient()
    api(laptop, "alice", password=PASSWORD)
    rates(login="1/day")
    assert [api(laptop, "bob"), api(laptop, "bob")] == [401, 429]


@pytest.mark.parametrize("cookie", ["", "x", "W10:1:x", "ümläut", "a:b:c"])
def test_a_forged_device_is_unknown(visitor, rates, cookie):
    rates(login="1/day")
    visitor.cookies[DEVICE_COOKIE] = cookie
    assert [api(visitor, "alice"), api(visitor, "alice")] == [401, 429]


def test_the_device_cookie_is_out_of_reach_of_scripts_and_other_sites(alice, visitor):
    api(visitor, "alice", password=PASSWORD)
    cookie = visitor.cookies[DEVICE_COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert "alice" not in cookie.value


def test_the_admin_has_the_limits_of_signing_in(rates):
    rates(login="2/day")
    client = Client()
    assert [admin(client, "carol") for _ in range(3)] == [200, 200, 429]
    body = {"username": "carol", "password": "guess"}
    refusal = client.post(ADMIN, body, REMOTE_ADDR="192.0.2.1")
    assert refusal["Content-Type"] == "text/html; charset=utf-8"
    assert b"Too many attempts" in refusal.content
    assert int(refusal["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("limit", "vary"),
    [("login", lambda n: ("carol", "192.0.2.1")),
     ("login_account", lambda n: ("CAROL", f"192.0.2.{n}")),
     ("login_network", lambda n: (f"user{n}", "192.0.2.1"))],
)  # fmt: skip
def test_the_admin_and_the_api_share_their_counters(visitor, rates, limit, vary):
    rates(**{limit: "2/day"})
    assert [api(visitor, *vary(1)), admin(Client(), *vary(2))] == [401, 200]
    assert [api(visitor, *vary(3)), admin(Client(), *vary(4))] == [429, 429]


def test_the_admins_refusal_says_when_to_come_again(rates):
    rates(login="1/day")
    client = Client()
    admin(client, "carol")
    response = client.post(ADMIN, {"username": "carol", "password": "x"}, REMOTE_ADDR="192.0.2.1")
    assert int(response["Retry-After"]) > 0
    assert "Too many attempts" in response.content.decode()


def test_opening_the_form_counts_no_attempt(rates):
    rates(login="1/day")
    client = Client()
    assert [client.get(ADMIN).status_code for _ in range(3)] == [200, 200, 200]
    assert client.get("/admin/login").status_code == 200


def test_staff_get_in_and_the_device_is_known(carol, rates):
    rates(login_account="2/day")
    client = Client()
    assert admin(client, "carol", password=PASSWORD) == 302
    assert [admin(Client(), "carol") for _ in range(2)] == [200, 429]
    client.cookies.pop("sessionid")
    assert admin(client, "carol", password=PASSWORD) == 302


def test_the_old_password_cannot_be_guessed_at_the_admins_form(carol, rates):
    rates()
    client = Client()
    admin(client, "carol", password=PASSWORD)
    rates(login="2/day")
    body = {"old_password": "guess", "new_password1": "x" * 12, "new_password2": "x" * 12}
    url = "/admin/password_change/"
    assert [client.post(url, body).status_code for _ in range(3)] == [200, 200, 429]


def test_a_staff_session_ends_after_an_idle_time(carol, settings):
    client = Client()
    client.force_login(carol.user)
    client.get("/admin/")
    settings.SESSION_COOKIE_AGE = 60
    client.get("/admin/")
    session = client.session
    assert 0 < session.get_expiry_age() <= 60
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    Session.objects.update(expire_date=timezone.now())
    assert client.get("/admin/").status_code == 302


def test_each_page_of_the_admin_puts_the_end_off(carol, settings):
    from django.contrib.sessions.models import Session

    client = Client()
    client.force_login(carol.user)
    own = Session.objects.filter(pk=client.session.session_key)
    first = own.get().expire_date
    client.get("/admin/")
    assert own.get().expire_date > first


@pytest.mark.parametrize(
    ("password", "code"),
    [("a$9Kq!zx7", "password_too_short"), ("1qaz2wsx3edc", "password_too_common"),
     ("Password123", "password_too_common"), ("73920184652", "password_entirely_numeric")],
)  # fmt: skip
def test_a_weak_password_is_refused(visitor, password, code):
    body = {"username": "dora", "password": password}
    response = visitor.post("/auth/register", body)
    assert response.status_code == 400
    assert code in [problem["code"] for problem in response.json()["errors"]]


def test_a_password_from_before_the_rule_still_opens_its_account(visitor, db):
    User.objects.create_user("dora", password="short")
    assert api(visitor, "dora", password="short") == 200


@pytest.mark.parametrize(
    "name", ["\u0430dmin", "adm\u0456n", "p\u0430yp\u0430l", "\u0391lice", "bob.\u0430lice"]
)
def test_a_word_of_several_alphabets_is_refused(visitor, name):
    response = visitor.post("/auth/register", {"username": name, "password": PASSWORD})
    assert (response.status_code, response.json()) == (
        400, error("mixed_scripts", "A word of a username may not mix alphabets.", "username"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "алекс",
        "Élodie",
        "山田太郎",
        "alice山田",
        "ひらがなとカタカナ",
        "김alice",
        "bob_алекс",
        "μαρία",
    ],
)
def test_names_of_one_alphabet_a_word_are_welcome(name):
    assert usernames.one_script_a_word(name) is None


@pytest.mark.parametrize(
    ("name", "alike"),
    [("coco", "\u0441\u043e\u0441\u043e"), ("alice1", "alicel"), ("bob0", "bobo"),
     ("modern", "modem"), ("alice", "aIice"), ("bill", "biIl")],
)  # fmt: skip
def test_a_name_that_looks_like_anothers_is_refused(visitor, name, alike):
    person(name)
    response = visitor.post("/auth/register", {"username": alike, "password": PASSWORD})
    expected = error("look_alike", "That username looks like another user's.", "username")
    assert (response.status_code, response.json()) == (400, expected)
    other = person("somebody")
    assert other.client.patch("/auth/me", {"username": alike}).json() == expected
    with pytest.raises(ValidationError):
        User(username=alike, password="x").full_clean()


def test_ones_own_name_may_be_written_otherwise(visitor, db):
    dora = person("dora1")
    assert dora.client.patch("/auth/me", {"username": "DORAl"}).status_code == 200
