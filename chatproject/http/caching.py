"""What browsers and proxies may keep: nothing that a view does not say may be kept."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def private(get_response: GetResponse) -> GetResponse:
    """A middleware: tokens, keys, conversations and errors are `no-store` (RFC 9111, 5.2.2.5).

    Static files, the chat page and the API's description say themselves how long they hold.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return answer
