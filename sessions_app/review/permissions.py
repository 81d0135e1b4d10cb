"""Permissions of staff: six on conversations, one on the read log; and two groups."""

from enum import StrEnum
from typing import Any

from django.apps.registry import Apps
from django.apps.registry import apps as current_apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import AnonymousUser

from sessions_app.domain.review import Act


class May(StrEnum):
    """Permissions, as `user.has_perm` takes them."""

    VIEW = "review.view_conversation"
    REVIEW = "review.review_conversation"
    HOLD = "review.hold_conversation"
    EXPORT = "review.export_conversation"
    DELETE = "review.delete_conversation"
    UNMASK = "review.unmask_conversation"
    AUDIT = "review.view_readlog"


GROUPS = {
    "Reviewer": (May.VIEW, May.REVIEW),
    "Lead reviewer": tuple(May),
}
NEEDED = {
    Act.FLAG: May.REVIEW,
    Act.NOTE: May.REVIEW,
    Act.RESOLVE: May.REVIEW,
    Act.ARCHIVE: May.REVIEW,
    Act.RESTORE: May.REVIEW,
    Act.HOLD: May.HOLD,
    Act.RELEASE: May.HOLD,
    Act.EXPORT: May.EXPORT,
    Act.DELETE: May.DELETE,
}


def allowed(user: Any, act: Act) -> bool:
    return not isinstance(user, AnonymousUser) and user.has_perm(NEEDED[act])


def make_groups(*, using: str, app_config: Any, apps: Apps = current_apps, **_: Any) -> None:
    """Create the groups that are missing, and leave existing ones as operators changed them.

    A receiver of `post_migrate`; `flush` sends it too, without `apps`.
    """
    try:
        group_model = apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:  # migrated back to before auth
        return
    # Django creates permissions in a receiver of the same signal, which may run after this one.
    create_permissions(app_config, using=using, apps=apps, verbosity=0)
    for name, permissions in GROUPS.items():
        group, created = group_model.objects.using(using).get_or_create(name=name)
        if created:
            codes = [permission.partition(".")[2] for permission in permissions]
            permissions_of_group = permission_model.objects.using(using).filter(
                content_type__app_label="review", codename__in=codes
            )
            group.permissions.add(*permissions_of_group)
