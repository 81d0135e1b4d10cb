"""What has been learned of each model's server, shared by all workers."""

import hashlib
from datetime import datetime

from sessions_app.documents import ServerDialect
from sessions_app.domain.dialect import Attached, Extras, Form, Manner, Medium
from sessions_app.repository import failures


def _key(base_url: str, model: str) -> str:
    """The server by a digest, as its address may hold a secret; the model by its name."""
    return f"{hashlib.blake2b(base_url.encode(), digest_size=12).hexdigest()}/{model}"[:300]


@failures.translated
def read(*, base_url: str, model: str) -> Manner | None:
    """How this server wants conversations for this model; None where nothing has been learned."""
    learned = ServerDialect.objects(pk=_key(base_url, model)).first()
    if learned is None:
        return None
    # What was learned before there were pictures says nothing of them.
    attached = Attached(learned.attached or Attached.KEPT)
    # A later version may know of more.
    without = frozenset(each for each in Medium if each in (learned.without or ()))
    return Manner(Form(learned.form), Extras(learned.extras), attached, without)


@failures.translated
def write(*, base_url: str, model: str, manner: Manner, now: datetime) -> None:
    """Remember what a server has accepted; of two that learn at once the later one stands."""
    known = ServerDialect.objects(pk=_key(base_url, model))
    known.update_one(
        set__form=manner.form.value,
        set__extras=manner.extras.value,
        set__attached=manner.attached.value,
        set__without=sorted(manner.without),
        set__learned_at=now,
        upsert=True,
    )
