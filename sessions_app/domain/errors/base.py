"""The base of every error that this project raises on purpose."""


class SessionError(Exception):
    """The base of every error this project raises on purpose; `code` names it on the wire."""

    code = "error"
    default_detail = "The request could not be carried out."

    def __init__(self, detail: str | None = None, *, attr: str | None = None) -> None:
        self.detail = detail or self.default_detail
        self.attr = attr
        super().__init__(self.detail)
