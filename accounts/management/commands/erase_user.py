"""`manage.py erase_user`."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.privacy.erasure import person_erase
from accounts.privacy.people import Person, person_find, person_identify
from accounts.privacy.traces import account_traces
from sessions_app.domain.records.writing import timestamp
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import session_count
from sessions_app.services.privacy import document_count, erasure_prove
from sessions_app.services.receipts import receipt_get


class Command(OperatorCommand):
    help = (
        "Erase everything about one person: sessions, messages, derived data, account and tokens. "
        "Then search every collection and table for remaining data; --check only searches. Exit "
        "with 1 if data remains, or if a session is under legal hold; then nothing is erased. A "
        "receipt without personal data stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", metavar="USER", help="a username or an id")
        parser.add_argument(
            "--id",
            action="store_true",
            help="take USER for an id, even if it looks like a username",
        )
        parser.add_argument(
            "--check", action="store_true", help="erase nothing; search for stored data"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        find = person_identify if options["check"] else person_find
        person = find(name=options["user"], is_id=options["id"])
        # Read now: they go with the account, and the search needs them.
        names = [person.user.username, person.user.email] if person.user else [options["user"]]
        erased = {} if options["check"] else self._erase(person)
        with self.progress("documents", document_count()) as show:
            proof = erasure_prove(user_id=person.user_id, progress=show)
        tables = account_traces(user_id=person.user_id, names=names)
        clean = proof.clean and not any(tables.values())
        return {
            "user_id": person.user_id,
            "erased": erased,
            "receipt": _receipt(person.user_id),
            "left": {**proof.left, **tables},
            "orphans": proof.orphans,
            "mentions": proof.mentions,
            "clean": clean,
        }, clean

    def _erase(self, person: Person) -> Mapping[str, int]:
        if not self.as_json:
            # With this id an interrupted erasure can be continued once the account is gone.
            self.stderr.write(f"erasing {person.user_id}")
        with self.progress("sessions", session_count(user_id=person.user_id)) as show:
            return person_erase(person=person, clock=timezone.now, progress=show)

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [f"erased: {_counts(result['erased'])}"] if result["erased"] else []
        if result["receipt"]:
            lines.append(f"in all, since {result['receipt']['erased_at']}: "
                         f"{_counts(result['receipt']['counts'])}")  # fmt: skip
        lines += [f"{collection}: {count:,} left" for collection, count in result["left"].items()]
        lines += [
            f"{collection}: {count:,} whose session is gone; check_integrity --repair removes them"
            for collection, count in result["orphans"].items()
            if count
        ]
        if result["mentions"]:
            lines.append(
                f"{result['mentions']:,} documents of other users mention the id in their text"
            )
        lines.append("nothing is left" if result["clean"] else "something is left")
        return "\n".join(lines)


def _counts(counts: Mapping[str, int]) -> str:
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    return ", ".join(parts) or "nothing"


def _receipt(user_id: str) -> Mapping[str, Any] | None:
    receipt = receipt_get(user_id=user_id)
    if receipt is None:
        return None
    return {
        "erased_at": timestamp(receipt.erased_at),
        "completed_at": receipt.completed_at and timestamp(receipt.completed_at),
        "counts": receipt.counts,
    }
