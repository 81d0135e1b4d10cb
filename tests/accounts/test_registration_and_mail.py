"""Who may register; passwords reset and addresses confirmed by links in mails."""

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, bearer, person
from tests.conftest import error

pytestmark = pytest.mark.django_db
REGISTER = "/auth/register"
NEW = "another horse altogether"
INVITATION = "welcome-to-the-gulf-of-naples"


def register(visitor, **more):
    return visitor.post(REGISTER, {"username": "dora", "password": PASSWORD, **more})


def link_in(mail) -> str:
    [address] = re.findall(r"http://\S+", mail.body)
    return "/auth/" + address.partition("/auth/")[2]


def test_everybody_may_register_unless_it_is_changed(visitor):
    assert register(visitor).status_code == 201


def test_nobody_registers_where_that_is_closed(visitor, settings):
    settings.REGISTRATION = "closed"
    response = register(visitor, invitation=INVITATION)
    assert (response.status_code, response.json()) == (
        403, error("registration_closed", "Registration is closed here."),
    )  # fmt: skip
    assert not User.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"invitation": ""}, {"invitation": INVITATION[:-1]},
                                  {"invitation": "ü" * 29}])  # fmt: skip
def test_nobody_registers_without_an_invitation_where_one_is_needed(visitor, settings, sent):
    settings.REGISTRATION, settings.REGISTRATION_INVITATIONS = "invited", [INVITATION]
    response = register(visitor, **sent)
    assert (response.status_code, response.json()) == (
        403, error("invitation_not_valid", "You need an invitation to register."),
    )  # fmt: skip


def test_an_invited_person_registers(visitor, settings):
    settings.REGISTRATION = "invited"
    settings.REGISTRATION_INVITATIONS = ["x" * 16, INVITATION]
    assert register(visitor, invitation=INVITATION).status_code == 201


def test_a_forgotten_password_is_set_by_a_link(alice, visitor, mailoutbox, database):
    assert visitor.post("/auth/password/reset", {"email": "ALICE@example.com"}).status_code == 204
    [mail] = mailoutbox
    assert mail.to == ["alice@example.com"]
    browser = Client()
    form = browser.get(link_in(mail), follow=True)
    body = {"new_password1": NEW, "new_password2": NEW}
    done = browser.post(form.redirect_chain[-1][0], body, follow=True)
    assert done.status_code == 200
    assert User.objects.get().check_password(NEW)
    assert alice.client.get("/session").status_code == 401
    again = Client().get(link_in(mail), follow=True)
    assert not again.context["validlink"]


def test_the_pages_of_a_link_are_the_chat_pages_and_lead_there(alice, visitor, mailoutbox):
    visitor.post("/auth/password/reset", {"email": "alice@example.com"})
    browser = Client()
    form = browser.get(link_in(mailoutbox[0]), follow=True)
    weak = browser.post(form.redirect_chain[-1][0], {"new_password1": "x", "new_password2": "x"})
    body = {"new_password1": NEW, "new_password2": NEW}
    done = browser.post(form.redirect_chain[-1][0], body, follow=True)
    spent = Client().get(link_in(mailoutbox[0]), follow=True)
    for page in (form, weak, done, spent):
        assert "chat/style/palette" in page.content.decode()
        assert "/admin/" not in page.content.decode()
    assert "at least 10 characters" in form.content.decode()
    assert "too short" in weak.content.decode()
    assert "Your password is set" in done.content.decode()
    assert 'href="/"' in done.content.decode()
    assert "has been used before" in spent.content.decode()


def test_the_link_follows_the_rules_of_passwords(alice, visitor, mailoutbox):
    visitor.post("/auth/password/reset", {"email": "alice@example.com"})
    browser = Client()
    form = browser.get(link_in(mailoutbox[0]), follow=True)
    browser.post(form.redirect_chain[-1][0], {"new_password1": "x", "new_password2": "x"})
    assert User.objects.get().check_password(PASSWORD)


def test_a_stranger_is_not_told_who_has_an_account(alice, visitor, mailoutbox):
    answers = [
        visitor.post("/auth/password/reset", {"email": email})
        for email in ("alice@example.com", "nobody@example.com", "")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(204, b"")}
    assert len(mailoutbox) == 1


def test_a_deactivated_account_gets_no_link(alice, visitor, mailoutbox):
    User.objects.update(is_active=False)
    visitor.post("/auth/password/reset", {"email": "alice@example.com"})
    assert not mailoutbox


def test_links_begin_with_the_services_own_address(alice, visitor, mailoutbox, settings):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://chat.example", ["*"]
    body = {"email": "alice@example.com"}
    visitor.post("/auth/password/reset", body, headers={"Host": "thief.example"})
    assert "https://chat.example/auth/links/" in mailoutbox[0].body
    assert "thief.example" not in mailoutbox[0].body


def test_mails_to_one_address_are_few(alice, visitor, mailoutbox, settings, database):
    settings.THROTTLE_RATES = {**settings.THROTTLE_RATES, "mail": "2/day"}
    statuses = [
        visitor.post("/auth/password/reset", {"email": email}).status_code
        for email in ("alice@example.com", "Alice@example.com", "alice@EXAMPLE.com")
    ]
    assert statuses == [204, 204, 429]
    assert len(mailoutbox) == 2


def test_an_address_is_confirmed_by_a_link(alice, visitor, mailoutbox):
    assert alice.client.get("/auth/me").json()["email_confirmed"] is False
    assert alice.client.post("/auth/email/confirm").status_code == 204
    page = Client().get(link_in(mailoutbox[0]))
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Address confirmed" in page.content.decode()
    assert alice.client.get("/auth/me").json()["email_confirmed"] is True
    assert Client().get(link_in(mailoutbox[0])).status_code == 400


def test_another_address_has_to_be_confirmed_anew(alice, mailoutbox):
    alice.client.post("/auth/email/confirm")
    link = link_in(mailoutbox[0])
    alice.client.patch("/auth/me", {"email": "alice@example.org"})
    assert Client().get(link).status_code == 400
    User.objects.update(email_confirmed=True)
    alice.client.patch("/auth/me", {"email": "alice@example.net"})
    assert User.objects.get().email_confirmed is False


def test_a_link_of_one_kind_is_no_good_for_the_other(alice, visitor, mailoutbox):
    alice.client.post("/auth/email/confirm")
    link = link_in(mailoutbox[0]).replace("/email/", "/password/")
    assert not Client().get(link, follow=True).context["validlink"]


@pytest.mark.parametrize("path", ["email/x/y/", "password/x/y/", "email/MQ/y/", "email/w7w/y/"])
def test_a_forged_link_is_refused(path):
    response = Client().get(f"/auth/links/{path}")
    assert response.status_code in {200, 400}
    assert response.status_code == 400 or not response.context["validlink"]


def test_nobody_confirms_anothers_address(alice, mailoutbox):
    bob = person("bob")
    alice.client.post("/auth/email/confirm")
    Client().get(link_in(mailoutbox[0]))
    assert not User.objects.get(pk=bob.user.pk).email_confirmed


def test_an_api_key_sends_no_mail(alice, database, mailoutbox):
    body = {"name": "x", "password": PASSWORD}
    key = alice.client.post("/auth/api-keys", body).json()["key"]
    assert bearer(key).post("/auth/email/confirm").status_code == 403
    assert not mailoutbox
