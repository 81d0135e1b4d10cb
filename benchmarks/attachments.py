"""What attachments cost: an append that refers to one, the same picture again, many at once.

Appends go to two sessions in turn, through the services; the ratio is of the medians. The same
picture is sent a hundred times, and a hundred files of 5 MB are stored by as many threads as a
process has for uploads: the peak of resident memory before and after. HTTP is not in it.
"""

import io
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from django.conf import settings
from PIL import Image

from benchmarks.harness import report, rounds, store
from sessions_app.domain.attachments import Upload
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import attachments, messages, sessions

OFF, ON = "without", "with a reference"
TARGET = 1.05
UPLOAD_BYTES = 5_000_000


def main() -> None:
    """Parse, measure, report."""
    options = store.arguments(__doc__).parse_args()
    short = options.short
    result = report.Report("attachments")
    with store.own_store(options.dir, result):
        samples = _appends(200 if short else 2_000)
        medians = {name: report.quantile(taken, 0.5) for name, taken in samples.items()}
        for name, taken in samples.items():
            ratio = round(medians[name] / medians[OFF], 3)
            more = {"target": TARGET} if name == ON else {}
            result.add(f"append, {name}", **report.timing(taken), ratio=ratio, **more)
        result.add("the same picture again", **_disk(20 if short else 100))
        result.add("uploads at once", **_uploads(10 if short else 100))
    result.table()


def _now() -> datetime:
    return datetime.now(UTC)


def _picture() -> bytes:
    made = io.BytesIO()
    Image.effect_noise((512, 512), 50).save(made, "PNG")
    return made.getvalue()


def _appends(number: int) -> rounds.Samples[str]:
    samples: rounds.Samples[str] = {OFF: [], ON: []}
    ids = {
        name: sessions.session_create(
            user_id="u", draft=sessions.SessionDraft(), now=_now()
        ).session_id
        for name in samples
    }
    with io.BytesIO(_picture()) as content:
        kept = attachments.attachment_upload(
            session_id=ids[ON], user_id="u", upload=Upload(content), now=_now()
        )
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image", "attachment_id": kept.attachment_id},
    ]

    def append(name: str) -> None:
        draft = MessageDraft(Role.USER, "Look", parts=parts if name == ON else None)
        messages.message_append(session_id=ids[name], user_id="u", draft=draft, now=_now())

    for order in rounds.orders(samples, number):
        for name in order:
            samples[name].append(rounds.milliseconds(lambda: append(name)))  # noqa: B023 - at once
    return samples


def _disk(number: int) -> dict[str, int]:
    content = _picture()
    for _ in range(number):
        with io.BytesIO(content) as file:
            attachments.attachment_store(user_id="v", upload=Upload(file), now=_now())
    count, size = attachments.attachment_usage(user_id="v")
    return {"sent": number, "sent_bytes": number * len(content), "kept": count, "kept_bytes": size}


def _uploads(number: int) -> dict[str, float]:
    def upload(n: int) -> None:
        with io.BytesIO(f"{n:09d} ".encode() * (UPLOAD_BYTES // 10)) as file:
            attachments.attachment_store(user_id="w", upload=Upload(file), now=_now())

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    with ThreadPoolExecutor(settings.UPLOAD_THREADS) as threads:
        list(threads.map(upload, range(number)))
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "uploads": number,
        "seconds": round(seconds, 1),
        "peak_before_kib": before,
        "peak_after_kib": after,
    }


if __name__ == "__main__":
    main()
