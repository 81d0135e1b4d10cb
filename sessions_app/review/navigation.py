"""The admin's models in groups, with icons, for the sidebar and the first page."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

# Group → model → its icon: a path on a grid of 24, drawn with a line.
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "Conversations": {
        "review.Conversation": "M4 5h16v11H9l-5 4ZM8 9h8M8 12h5",
        "review.ReadLog": "M5 4h11l3 3v13H5ZM9 10h6M9 14h6",
    },
    "People": {
        "accounts.User": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM5 20c.6-4 3.4-6 7-6s6.4 2 7 6",
        "auth.Group": "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM3 19c.5-3 3-5 6-5s5.5 2 6 5"
        "M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c1.7.7 2.7 2.3 3 4.5",
    },
    "Applications": {
        "accounts.Application": "M4 4h7v7H4ZM13 4h7v7h-7ZM4 13h7v7H4ZM13 13h7v7h-7Z",
        "accounts.ServiceKey": "M8 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 12h9M17 12v4M20 12v3",
    },
}
# What these tables have is for machines; a user's page shows the devices that are signed in.
_LEFT_OUT = {"token_blacklist"}
_OTHERS = "More"
_OTHER_ICON = "M6 3h8l4 4v14H6zM14 3v4h4"


def grouped(apps: Sequence[Mapping[str, Any]], path: str) -> list[dict[str, Any]]:
    """Django's list of apps as our groups. `path` is that of the page, whose model is marked."""
    models = {
        model["model"]._meta.label: model
        for app in apps
        if app["app_label"] not in _LEFT_OUT
        for model in app["models"]
    }
    named = {label for group in _GROUPS.values() for label in group}
    others = dict.fromkeys((label for label in models if label not in named), _OTHER_ICON)
    current = _current(models.values(), path)
    return [
        _group(name, [(models[label], icon) for label, icon in icons.items() if label in models],
               current)
        for name, icons in {**_GROUPS, _OTHERS: others}.items()
        if any(label in models for label in icons)
    ]  # fmt: skip


def _current(models: Any, path: str) -> str:
    """The address of the model that a page is about: the longest, as one lies below another's."""
    addresses = (model["admin_url"] or "" for model in models)
    return max((each for each in addresses if each and path.startswith(each)), key=len, default="")


def _group(
    name: str, members: Sequence[tuple[Mapping[str, Any], str]], current: str
) -> dict[str, Any]:
    return {
        "name": name,
        "app_label": name.lower(),
        "app_url": reverse("admin:index"),
        "has_module_perms": True,
        "models": [
            {**model, "icon": icon, "is_current": bool(current) and current == model["admin_url"]}
            for model, icon in members
        ],
    }
