"""The staff pages as a Django app, and the admin site that they are part of."""

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.db.models.signals import post_migrate


class ReviewConfig(AppConfig):
    """Staff review. INSTALLED_APPS names it before the admin, whose templates it overrides."""

    name = "sessions_app.review"
    label = "review"
    verbose_name = "Review"

    def ready(self) -> None:
        from sessions_app.review import checks, permissions  # noqa: F401 - importing registers

        post_migrate.connect(permissions.make_groups, sender=self)


class ReviewSiteConfig(SimpleAdminConfig):
    """The Django admin, with the pages of this app.

    Its pages are loaded with the routes, which commands do not need.
    """

    default_site = "sessions_app.review.site.ReviewAdminSite"
