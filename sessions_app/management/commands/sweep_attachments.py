from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sessions_app import clock
from sessions_app.management.operator import OperatorCommand
from sessions_app.services import file_texts
from sessions_app.services.attachments import attachments_prepare, attachments_sweep


class Command(OperatorCommand):
    """Removes what no message refers to."""

    help = (
        "Make the small pictures and read the texts that are still missing; remove what uploads "
        "have left that never ended, and attachments that nothing has referred to for "
        "ATTACHMENT_UNUSED_HOURS. Safe beside a live service, and at any time again."
    )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        prepared = attachments_prepare(text_read=file_texts.derive_again)
        swept = attachments_sweep(now=clock.now())
        return {"prepared": prepared, **asdict(swept)}, True

    def describe(self, result: Mapping[str, Any]) -> str:
        return (
            f"{result['prepared']:,} prepared, {result['attachments']:,} attachments and "
            f"{result['unfinished']:,} unfinished uploads removed"
        )
