"""What the README names exists, and what exists is in the README."""

import ast
import re

from django.core.management import get_commands, load_command_class

from tests.docs import readme, routes

MANAGEMENT = ("chatproject", "accounts", "sessions_app")
# Pages for people, and the description itself, which the text names without a method.
UNLISTED = {("GET", "/"), ("GET", "/sw.js"), ("GET", "/api/docs"), ("GET", "/api/schema")}


def named_routes() -> set[tuple[str, str]]:
    found = re.findall(r"`([A-Z]+(?:, [A-Z]+)*) (/[^`]*)`", readme.prose())
    return {
        (method, routes.template(path)) for methods, path in found for method in methods.split(", ")
    }


def settings_read() -> dict[str, str]:
    """Every name that goes through `chatproject.env`, with its default as text."""
    found = {}
    for path in (readme.ROOT / "chatproject").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="env"), attr=kind),
                    args=[ast.Constant(value=str(name)), *rest],
                    keywords=keywords,
                ):
                    on = any(each.arg == "default" for each in keywords)
                    unset = str(int(on)) if kind == "flag" else "unset"
                    default = rest[0].value if rest and isinstance(rest[0], ast.Constant) else unset
                    found.setdefault(name, str(default))
    return found


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (readme.ROOT / "Makefile").read_text(), re.MULTILINE))


def commands() -> set[str]:
    return {
        path.stem
        for app in MANAGEMENT
        for path in (readme.ROOT / app / "management" / "commands").glob("[!_]*.py")
    }


def test_every_route_that_it_names_exists():
    assert named_routes() - routes.served() == set()


def test_every_route_that_exists_is_named():
    assert routes.served() - named_routes() - UNLISTED == set()


def test_the_pages_that_it_names_without_a_method_exist():
    named = {("GET", path) for path in readme.code(readme.prose()) if path.startswith("/")}

    assert named
    assert named <= routes.served()


def test_its_settings_are_those_that_are_read():
    assert {name for row in readme.table("Settings") for name in readme.code(row[0])} == set(
        settings_read()
    )


def test_its_settings_have_the_defaults_that_hold():
    shown = {readme.code(row[0])[0]: row[1].strip("`") for row in readme.table("Settings")}

    assert shown == settings_read()


def test_every_setting_that_it_names_elsewhere_is_read():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", readme.prose()))

    assert named <= set(settings_read())


def test_its_commands_are_those_that_exist():
    named = {readme.code(row[0])[0].split()[0] for row in readme.table("Commands")}

    assert named == commands()


def test_its_make_targets_are_those_that_exist():
    assert set(re.findall(r"make ([a-z-]+)\b", readme.TEXT)) == makefile_targets()


def test_every_option_that_it_names_is_one_of_a_command():
    parsers = [
        load_command_class(app, name).create_parser("manage.py", name)
        for name, app in get_commands().items()
        if app in MANAGEMENT
    ]
    known = {option for parser in parsers for option in parser._option_string_actions}

    assert set(re.findall(r"--[a-z][a-z-]*", readme.prose())) <= known
