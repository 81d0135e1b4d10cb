"""E-mail addresses, phone and card numbers are hidden until somebody says why not."""

import pytest

from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import messages
from tests.review.conftest import LIST, acts, now, text

SECRETS = ["maria@example.org", "+351 912 345 678", "4111 1111 1111 1111"]


@pytest.fixture
def talk_with_secrets(alice, talk):
    which = talk(alice, *SECRETS, title=f"Mail to {SECRETS[0]}", metadata={"mail": SECRETS[0]})
    call = {"id": "c", "type": "function"}
    call["function"] = {"name": "send", "arguments": f'{{"to": "{SECRETS[0]}"}}'}
    item = {"type": "web_search_call", "action": {"query": SECRETS[0]}}
    for draft in (
        MessageDraft(role=Role.ASSISTANT, content="", tool_calls=[call], reasoning=SECRETS[1]),
        MessageDraft(role=Role.ASSISTANT, content="", items={"opaque": item}),
    ):
        messages.message_append(session_id=which, user_id=alice.id, draft=draft, now=now())
    return which


def test_they_are_hidden_everywhere(carol, opened, talk_with_secrets):
    address = opened(carol, talk_with_secrets)
    for url in (address, f"{address}?window=2", LIST, f"{LIST}?q=maria&by=text"):
        shown = text(carol.client.get(url))
        assert not any(secret in shown for secret in SECRETS)
    shown = text(carol.client.get(address))
    for kind in ("e-mail hidden", "phone number hidden", "card number hidden"):
        assert kind in shown


def test_a_lead_sees_them_after_saying_why(lea, opened, talk_with_secrets, log):
    address = opened(lea, talk_with_secrets)
    assert SECRETS[0] not in text(lea.client.get(address))
    response = lea.client.post(f"{address}unmask/", {"reason": "legal", "detail": "Request 3"})
    assert response.status_code == 302
    shown = text(lea.client.get(address))
    assert all(secret in shown for secret in SECRETS)
    lines = log(session_id=talk_with_secrets)
    assert acts(lines) == ["open", "read", "unmask", "read"]
    assert [line.about.get("masked") for line in lines] == [None, True, None, False]
    assert (lines[2].why.reason, lines[2].why.detail) == ("legal", "Request 3")


def test_unmasking_alone_opens_nothing(lea, talk_with_secrets):
    address = f"{LIST}{talk_with_secrets}/"
    lea.client.post(f"{address}unmask/", {"reason": "legal"})
    assert "Say why you need to read it" in text(lea.client.get(address))


def test_unmasking_wants_a_reason(lea, opened, talk_with_secrets, log):
    address = opened(lea, talk_with_secrets)
    assert "Choose a reason" in text(lea.client.post(f"{address}unmask/", {}))
    assert acts(log(session_id=talk_with_secrets)) == ["open"]


def test_somebody_whose_permission_is_taken_back_sees_masks_again(lea, opened, talk_with_secrets):
    from accounts.models import User

    address = opened(lea, talk_with_secrets)
    lea.client.post(f"{address}unmask/", {"reason": "legal"})
    assert SECRETS[0] in text(lea.client.get(address))
    User.objects.get(pk=lea.user.pk).groups.clear()
    lea.user.groups.add(_group("Reviewer"))
    assert SECRETS[0] not in text(lea.client.get(address))


def test_the_setting_shows_them(carol, opened, talk_with_secrets, settings, log):
    settings.REVIEW_MASK = False
    assert SECRETS[0] in text(carol.client.get(opened(carol, talk_with_secrets)))
    assert log(session_id=talk_with_secrets)[-1].about["masked"] is False


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_exports_are_masked_unless_it_is_asked_for(lea, act, talk_with_secrets, form, log):
    body = {"reason": "legal", "form": form}
    masked = b"".join(act("export", talk_with_secrets, **body)).decode()
    assert not any(secret in masked for secret in SECRETS)
    assert "[e-mail]" in masked
    plain = b"".join(act("export", talk_with_secrets, **body, unmasked="on")).decode()
    assert all(secret in plain for secret in SECRETS)
    assert [line.about["masked"] for line in log(session_id=talk_with_secrets)] == [True, False]


def test_without_the_permission_asking_for_plain_exports_does_nothing(
    person, act, talk_with_secrets
):
    from django.contrib.auth.models import Permission

    tom = person("tom", is_staff=True)
    codes = ["view_conversation", "export_conversation"]
    tom.user.user_permissions.add(*Permission.objects.filter(codename__in=codes))
    body = {"reason": "legal", "form": "json", "unmasked": "on"}
    exported = b"".join(act("export", talk_with_secrets, who=tom, **body)).decode()
    assert SECRETS[0] not in exported


def _group(name):
    from django.contrib.auth.models import Group

    return Group.objects.get(name=name)
