"""The settings and options that the code has, in the form in which docs/reference shows them."""

import ast
from dataclasses import dataclass

from django.core.management import get_commands, load_command_class

from tests.docs.pages import ROOT

APPS = ("chatproject", "accounts", "sessions_app")
_HIGH = 2**53  # what `env.integer` allows where no bound is given


@dataclass(frozen=True)
class Setting:
    """A name that is read through `chatproject.env`; `takes` is None where the code computes it."""

    name: str
    default: str
    takes: str | None


def settings_read() -> dict[str, Setting]:
    """Every setting, by its name."""
    settings: dict[str, Setting] = {}
    for path in (ROOT / "chatproject").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="env"), attr=kind),
                    args=[ast.Constant(value=str(name)), *rest],
                    keywords=keywords,
                ):
                    bounds = {each.arg: _literal(each.value) for each in keywords}
                    values = [_literal(each) for each in rest]
                    settings.setdefault(name, _setting(name, kind, values, bounds))
    return settings


def _setting(
    name: str, kind: str, values: list[object], bounds: dict[str | None, object]
) -> Setting:
    default = str(values[0]) if values and values[0] is not None else "unset"
    match kind:
        case "flag":
            return Setting(name, str(int(bool(bounds.get("default")))), "`0` or `1`")
        case "integer":
            return Setting(name, default, _range(bounds.get("low", 0), bounds.get("high", _HIGH)))
        case "fraction":
            return Setting(name, default, "0–1")
        case "choice":
            options = values[1] if len(values) > 1 else None
            shown = (
                ", ".join(f"`{each}`" for each in options) if isinstance(options, list) else None
            )
            return Setting(name, default, shown)
    return Setting(name, default, {"words": "list"}.get(kind, kind))


def _range(low: object, high: object) -> str | None:
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    return f"{low:,} or more" if high == _HIGH else f"{low:,}–{high:,}"


def _literal(node: ast.expr) -> object:
    """The value of a literal; None for anything that is computed."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def options() -> dict[str, set[str]]:
    """The options of every command, without those that Django gives to all."""
    owned = {name: app for name, app in get_commands().items() if app in APPS}
    return {name: _options(name, app) - _DJANGO for name, app in owned.items()}


def _options(name: str, app: str) -> set[str]:
    parser = load_command_class(app, name).create_parser("manage.py", name)
    return {option for option in parser._option_string_actions if option.startswith("--")}


_DJANGO = {
    "--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color",
    "--force-color", "--skip-checks",
}  # fmt: skip
