"""Django's own ASGI application, for other servers; `serve` uses `chatproject.serving.gateway`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")

application = get_asgi_application()
