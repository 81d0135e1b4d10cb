"""Other settings of SimpleJWT, of those that it reads once, as it is imported."""

from datetime import timedelta

from tests.settings import *  # noqa: F403
from tests.settings import SIMPLE_JWT

SIMPLE_JWT = SIMPLE_JWT | {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=2),
    "REFRESH_TOKEN_LIFETIME": timedelta(hours=3),
    "AUTH_HEADER_TYPES": ("JWT",),
    "TOKEN_TYPE_CLAIM": "kind",
    "JTI_CLAIM": "number",
    "TOKEN_OBTAIN_SERIALIZER": "accounts.serializers.UserSerializer",
    "TOKEN_REFRESH_SERIALIZER": "accounts.serializers.ApiKeySerializer",
    "TOKEN_VERIFY_SERIALIZER": "accounts.serializers.RefreshSerializer",
    "TOKEN_BLACKLIST_SERIALIZER": "accounts.serializers.VerifySerializer",
}
