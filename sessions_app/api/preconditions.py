"""`If-Match` (RFC 9110, 13.1.1)."""

import re

from rest_framework.request import Request

_STRONG_TAG = re.compile(r'(?:^|,)\s*"(\d{1,18})"\s*(?=,|$)')


def expected_versions(request: Request) -> frozenset[int] | None:
    """The versions that `If-Match` allows; None for any of them.

    A weak tag, or one that this service does not make, matches no version.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(int(tag) for tag in _STRONG_TAG.findall(header))
