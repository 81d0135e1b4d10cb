"""The error that ends `serve`."""


class ServiceError(Exception):
    """The service cannot start or continue; the message is one sentence that says what to do."""
