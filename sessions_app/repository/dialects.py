"""What has been learned of each model's server, shared by all workers."""

import hashlib
from datetime import datetime

from sessions_app.documents import ServerDialect
from sessions_app.domain.dialect import Extras, Form, Manner
from sessions_app.repository import failures


def _key(base_url: str, model: str) -> str:
    """The server by a digest, as its address may hold a secret; the model by its name."""
    return f"{hashlib.blake2b(base_url.encode(), digest_size=12).hexdigest()}/{model}"[:300]


@failures.translated
def read(*, base_url: str, model: str) -> Manner | None:
    """How this server wants conversations for this model; None where nothing has been learned."""
    stored = ServerDialect._get_collection().find_one({"_id": _key(base_url, model)})
    return Manner(Form(stored["form"]), Extras(stored["extras"])) if stored else None


@failures.translated
def write(*, base_url: str, model: str, manner: Manner, now: datetime) -> None:
    """Remember what a server has accepted; of two that learn at once the later one stands."""
    learned = {"form": manner.form.value, "extras": manner.extras.value, "learned_at": now}
    key = _key(base_url, model)
    ServerDialect._from_son({"_id": key, **learned}).validate()
    ServerDialect._get_collection().update_one({"_id": key}, {"$set": learned}, upsert=True)
