"""System checks of this app's settings."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def phone_regions(**_: Any) -> list[CheckMessage]:
    """Every country of REVIEW_PHONE_REGIONS must be known to the phone number library."""
    # Here: it loads windows, topics and every country's telephone numbers.
    from sessions_app.services import review

    unknown = sorted(set(settings.REVIEW_PHONE_REGIONS) - review.known_regions())
    if not unknown:
        return []
    problem = f"REVIEW_PHONE_REGIONS names no country that is known: {', '.join(unknown)}"
    return [
        Error(problem, hint="Use two capital letters for each, such as US,GB,DE.", id="review.E001")
    ]
