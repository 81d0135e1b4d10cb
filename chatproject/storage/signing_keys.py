"""What sessions and tokens are signed with: as it is set, or generated once beside the data."""

import json
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from chatproject import env

# RFC 7518, 3.2: as long as the digest of HS256.
_SHORTEST = 32


def configured(directory: Path, *, is_shared: bool) -> tuple[str, str]:
    """SECRET_KEY and JWT_SIGNING_KEY, from the environment or from the file in `directory`.

    None is generated where the databases are shared with other hosts. Raises ImproperlyConfigured.
    """
    keys = {"SECRET_KEY": env.text("SECRET_KEY"), "JWT_SIGNING_KEY": env.text("JWT_SIGNING_KEY")}
    missing = [name for name, key in keys.items() if not key]
    if missing and is_shared:
        raise ImproperlyConfigured(
            f"set {' and '.join(missing)}: with MONGODB_URI or DATABASE_URL set, keys are not "
            "generated, because every worker must share them"
        )
    if missing:
        generated = _load_or_create(directory)
        keys |= {name: generated[name] for name in missing}
    if len(keys["JWT_SIGNING_KEY"]) < _SHORTEST:
        raise ImproperlyConfigured(
            f"JWT_SIGNING_KEY must have at least {_SHORTEST} characters (RFC 7518, 3.2)"
        )
    return keys["SECRET_KEY"], keys["JWT_SIGNING_KEY"]


def _load_or_create(directory: Path) -> dict[str, str]:
    """The keys in `directory/keys.json` (mode 0600), created on first use.

    The file is written under another name and linked into place. So of two processes that start
    together, the first creates it and the second reads it.
    """
    path = directory / "keys.json"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        return dict(json.loads(path.read_text()))
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR {directory} cannot be written ({error.strerror}); "
            "set DATA_DIR to a directory that this user may write"
        ) from error
    except ValueError as error:
        raise ImproperlyConfigured(f"{path} is damaged; delete it to make new keys") from error


def _create(path: Path) -> None:
    keys = {name: secrets.token_urlsafe(64) for name in ("SECRET_KEY", "JWT_SIGNING_KEY")}
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(keys, file)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
