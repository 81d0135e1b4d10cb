"""What attachments cost: an append that refers to one, the same picture again, many at once.

Appends go to two sessions in turn, through the services; the ratio is of the medians. The same
picture is sent a hundred times: how many bytes MongoDB holds of it. Then a hundred files of 5 MB
are uploaded over HTTP at once, each over a connection of its own, while sessions are read at a
fixed rate: the 95th percentile of the reads beside that of the same reads alone, and the resident
memory of the workers before, and at its peak. All of it shares the machine's cores.
"""

import io
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from PIL import Image

from benchmarks.harness import conversations, load, report, rounds, service, store
from benchmarks.harness.paced import PacedClient
from benchmarks.harness.uploads import UploadClient
from sessions_app.domain.attachments import Upload
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.services import attachments, messages, sessions

OFF, ON = "without", "with a reference"
TARGET, TARGET_OTHERS = 1.05, 2.0
UPLOAD_BYTES = 5_000_000
# Sessions that are read, each by its own user, and how many of the reads there are in a second.
READERS, RATE = 16, 20.0
ALONE_SECONDS = 20.0
MIB = 1_048_576


def main() -> None:
    """Parse, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--uploads", type=int, help="at once, each of 5 MB")
    options = parser.parse_args()
    short = options.short
    number = options.uploads or (20 if short else 100)
    result = report.Report("attachments")
    with store.own_store(options.dir, result) as client:
        os.environ["THROTTLE_USER"] = "6000000/min"
        samples = _appends(200 if short else 2_000)
        medians = {name: report.quantile(taken, 0.5) for name, taken in samples.items()}
        for name, taken in samples.items():
            ratio = round(medians[name] / medians[OFF], 3)
            more = {"target": TARGET} if name == ON else {}
            result.add(f"append, {name}", **report.timing(taken), ratio=ratio, **more)
        result.add("the same picture again", **_disk(client, 20 if short else 100))
        _uploads(client, result, number=number, seconds=5 if short else ALONE_SECONDS)
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
        name: sessions.session_create(user_id="u", draft=SessionDraft(), now=_now()).session_id
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


def _disk(client: store.Client, number: int) -> dict[str, int]:
    """What MongoDB holds of one picture that was sent so often."""
    content, database = _picture(), client[store.DATABASE]

    def stored() -> int:
        stages = [{"$group": {"_id": None, "bytes": {"$sum": {"$binarySize": "$data"}}}}]
        return next(iter(database["attachments.chunks"].aggregate(stages)), {"bytes": 0})["bytes"]

    before = stored()
    for _ in range(number):
        with io.BytesIO(content) as file:
            attachments.attachment_store(user_id="v", upload=Upload(file), now=_now())
    count, _ = attachments.attachment_usage(user_id="v")
    return {
        "sent": number,
        "picture_bytes": len(content),
        "sent_bytes": number * len(content),
        "kept": count,
        "stored_bytes": stored() - before,
    }


def _uploads(client: store.Client, result: report.Report, *, number: int, seconds: float) -> None:
    readers = service.users(READERS)
    reads = [
        load.request(
            "GET", f"/session/{conversations.create(user.id, 50, words=60)}", token=user.token
        )
        for user in readers
    ]
    senders = service.users(min(number, 20))
    targets = [
        (f"/session/{conversations.create(user.id, 1, words=60)}/attachments", user.token)
        for user in senders
    ]
    requests = [targets[n % len(targets)] for n in range(number)]
    with service.served(client) as served:
        port = served.client.port
        served.client.run(reads, connections=4, expected={200})
        # What a first upload loads is no part of what the others take.
        UploadClient(port, requests[:8], size=UPLOAD_BYTES - 1).wait()
        before = served.workers_rss()
        alone = _paced(port, reads, lambda began: time.monotonic() - began < seconds)
        uploading = UploadClient(port, requests, size=UPLOAD_BYTES)
        peak = before

        def goes_on(_: float) -> bool:
            nonlocal peak
            peak = max(peak, served.workers_rss())
            return uploading.is_running

        meanwhile = _paced(port, reads, goes_on)
        taken = uploading.wait()
    p95 = report.quantile(alone, 0.95)
    result.add("reads alone", **report.timing(alone))
    result.add(
        "reads beside uploads",
        **report.timing(meanwhile),
        ratio=round(report.quantile(meanwhile, 0.95) / p95, 2),
        target=TARGET_OTHERS,
    )
    result.add(
        "uploads at once",
        uploads=number,
        sent_mib=round(number * UPLOAD_BYTES / MIB),
        seconds=round(max(taken), 1),
        memory_before_mib=round(before / MIB),
        memory_peak_mib=round(peak / MIB),
    )


def _paced(port: int, reads: list[str], goes_on: Callable[[float], bool]) -> list[float]:
    """The milliseconds of reads at a fixed rate, for as long as it is said to go on."""
    paced, began = PacedClient(port, reads, rate=RATE), time.monotonic()
    while goes_on(began):
        time.sleep(0.05)
    return [ms for _, ms in paced.stop()]


if __name__ == "__main__":
    main()
