"""Whether all bytes are there that should be, and whether all that are there are somebody's."""

from collections.abc import Iterator

from sessions_app.documents import Attachment, Blob, BlobChunk, SessionAttachment, UploadInProgress
from sessions_app.domain.errors import AttachmentNotFound
from sessions_app.repository import failures
from sessions_app.repository.attachments import blobs, references

_PAGE = 500


def missing_bytes() -> Iterator[tuple[str, str]]:
    """Attachments whose bytes are missing, cut or changed, and what is wrong."""
    after = ""
    while page := _page_of_facts(after):
        for stored in page:
            if problem := _problem(stored["blob"], stored["size"], stored["content_sha256"]):
                yield stored["_id"], problem
        after = page[-1]["_id"]


@failures.translated
def _page_of_facts(after: str) -> list[dict[str, str]]:
    page = Attachment.objects(removing__ne=True).walk(after=after).limit(_PAGE)
    return list(page.only("blob", "size", "content_sha256").as_pymongo())


def _problem(blob: str, size: object, content_sha256: object) -> str:
    try:
        digest, length = blobs.digest(blob)
    except AttachmentNotFound:
        return "its bytes are gone"
    except Exception as error:  # noqa: BLE001 - GridFS has an error of its own for each damage
        return f"its bytes cannot be read: {type(error).__name__}"
    if length != size:
        return f"says {size} bytes, has {length}"
    return "" if digest == content_sha256 else "its bytes are others than were stored"


def missing_facts() -> Iterator[tuple[str, str]]:
    """Sessions whose messages refer to an attachment that is not there, and which."""
    after = ""
    while page := _page_of_links(after):
        wanted = {link["attachment_id"] for link in page}
        present = _present(sorted(wanted))
        for link in page:
            pair = link["session_id"], link["attachment_id"]
            # One that no message refers to is taken back by a sweep.
            if link["attachment_id"] not in present and references.is_referred_to(*pair):
                yield pair
        after = page[-1]["_id"]


@failures.translated
def _page_of_links(after: str) -> list[dict[str, str]]:
    page = SessionAttachment.objects.walk(after=after).only("session_id", "attachment_id")
    return list(page.limit(_PAGE).as_pymongo())


@failures.translated
def _present(attachment_ids: list[str]) -> set[str]:
    return set(Attachment.objects(pk__in=attachment_ids).scalar("pk"))


def nobodys_bytes() -> Iterator[str]:
    """Blobs that no attachment has and no upload is writing."""
    after = ""
    while ids := _page_of_blobs(after):
        yield from (blob for blob in ids if not _is_somebodys(blob))
        after = ids[-1]
    yield from _pieces_without_a_file()


@failures.translated
def _page_of_blobs(after: str) -> list[str]:
    page = Blob.objects.walk(after=after).only("pk").limit(_PAGE)
    return [stored["_id"] for stored in page.as_pymongo()]


@failures.translated
def _is_somebodys(blob: str) -> bool:
    stored = Blob.objects(pk=blob).only("metadata").as_pymongo().first()
    if stored is None or UploadInProgress.objects.exists(pk=blob):
        return True
    attachment = Attachment.objects(pk=(stored.get("metadata") or {}).get("attachment_id"))
    owner = attachment.only("blob", "thumbnail").as_pymongo().first() or {}
    return blob in {owner.get("blob"), owner.get("thumbnail")}


def _pieces_without_a_file() -> Iterator[str]:
    """The files of pieces that have no document of their own; from the indexes alone."""
    after = ""
    while ids := _page_of_pieces(after):
        present = _present_files(ids)
        yield from (
            blob
            for blob in ids
            if blob not in present and not UploadInProgress.objects.exists(pk=blob)
        )
        after = ids[-1]


@failures.translated
def _page_of_pieces(after: str) -> list[str]:
    first = BlobChunk.objects(n=0, files_id__gt=after).order_by("files_id").only("files_id")
    return [stored["files_id"] for stored in first.exclude("pk").limit(_PAGE).as_pymongo()]


@failures.translated
def _present_files(ids: list[str]) -> set[str]:
    return set(Blob.objects(pk__in=ids).scalar("pk"))
