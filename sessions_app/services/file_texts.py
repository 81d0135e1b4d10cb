"""What is derived anew from messages once the text of a file is known that they refer to."""

from sessions_app.services import search, topics


def derive_again(attachment_id: str) -> None:
    """Have the messages indexed and judged anew; both happen when they are next asked for."""
    search.index_again(attachment_id)
    topics.judge_again(attachment_id)
