"""The service's settings without the middleware that counts requests."""

from chatproject.settings import *  # noqa: F403
from chatproject.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if name != "chatproject.metrics.requests.counting"]
