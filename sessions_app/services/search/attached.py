"""What is found by pictures and files: their names and alt texts, and the texts of files."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.conf import settings

from sessions_app.domain.parts import ids_in, worded
from sessions_app.domain.search.data import SearchedText, TextRange
from sessions_app.repository import attachments
from sessions_app.repository import search as search_store

# Messages with attachments whose files are in memory at a time.
_AT_A_TIME = 8


def texts(ranges: Sequence[TextRange]) -> Iterator[SearchedText]:
    """The messages of ranges, each with what its attachments say, in order of their `seq`."""
    messages = iter(search_store.reading.texts(ranges))
    while some := list(islice(messages, _AT_A_TIME)):
        yield from _with_files(some)


def _with_files(messages: Iterable[SearchedText]) -> Iterator[SearchedText]:
    ids = {each for message in messages for each in ids_in(message.parts)}
    files = attachments.facts.texts(ids)
    # As much of all files of a message as of one.
    most = settings.ATTACHMENT_TEXT_CHARS
    for message in messages:
        content = worded(message.content, message.parts, files, most=most)
        yield message._replace(content=content) if message.parts else message
