"""compose.yaml against the Compose specification, and against the files and settings it names."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from django.core.management import get_commands
from jsonschema.validators import validator_for

from chatproject.version import VERSION
from tests.deployment.image import ROOT
from tests.deployment.variables import SETTINGS, unknown

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if "build" in each}
ENV = subprocess.run(
    [sys.executable, "deploy/new_env.py", "chat.example.com"],
    cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
).stdout  # fmt: skip


def test_it_keeps_to_the_specification():
    schema = get_builtin_schema("vendor.compose-spec")

    problems = validator_for(schema)(schema).iter_errors(COMPOSE)

    assert [f"{each.json_path}: {each.message}" for each in problems] == []


def test_every_part_is_there():
    images = {name: each["image"].partition(":")[0] for name, each in SERVICES.items()}

    assert {"service-1", "service-2", "sweeper"} == set(OURS)
    assert [name for name in SERVICES if re.fullmatch(r"mongo-\d", name)] == [
        "mongo-1", "mongo-2", "mongo-3",
    ]  # fmt: skip
    assert {"mongo", "postgres", "caddy", "ghcr.io/ggml-org/llama.cpp", "prom/prometheus",
            "grafana/grafana"} <= set(images.values())  # fmt: skip
    profiles = {name: each["profiles"] for name, each in SERVICES.items() if "profiles" in each}
    assert profiles == {
        "model": ["model"], "prometheus": ["monitoring"], "grafana": ["monitoring"],
    }  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_exists(name: str):
    service = SERVICES[name]

    assert unknown(service.get("environment", {}), service["image"]) == set()


def test_every_value_from_outside_is_made_by_the_script_or_optional():
    made = dict(line.split("=", 1) for line in ENV.splitlines())
    required = set(re.findall(r"\$\{(\w+):\?\}", TEXT))
    optional = set(re.findall(r"\$\{(\w+):-[^}]*\}", TEXT))
    given = {each["environment"] for each in COMPOSE["secrets"].values()}

    assert required | given == set(made)
    assert re.findall(r"(?<!\$)\$\{(\w+)\}", TEXT) == []
    assert optional - SETTINGS == {"MODEL_FILE"}


def test_the_script_makes_secrets_that_each_part_takes():
    made = dict(line.split("=", 1) for line in ENV.splitlines())
    again = subprocess.run(
        [sys.executable, "deploy/new_env.py", "chat.example.com"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip

    assert made.pop("SITE_ADDRESS") == "chat.example.com"
    assert len(set(made.values())) == len(made)
    assert not set(made.values()) & set(re.findall(r"=(\S+)", again)) - {"chat.example.com"}
    # a key file has 6 to 1024 of base64's signs; a password in an address needs no code
    assert all(re.fullmatch(r"[A-Za-z0-9]{32,1024}", value) for value in made.values())


def test_the_script_says_how_it_is_used():
    ran = subprocess.run(
        [sys.executable, "deploy/new_env.py"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("usage: ")


@pytest.mark.parametrize("name", SERVICES)
def test_every_file_that_is_mounted_exists(name: str):
    mounted = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]

    for source, _, *mode in mounted:
        if not source.startswith("./"):
            assert source in COMPOSE["volumes"], source
        elif source != "./models":
            assert (ROOT / source).exists(), source
            assert mode == ["ro"], source


@pytest.mark.parametrize("name", [*OURS, "caddy", "model", "prometheus", "grafana"])
def test_its_root_is_read_only_and_it_gains_no_rights(name: str):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])


def test_only_the_proxy_listens_to_the_world():
    ports = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}

    assert set(ports) == {"caddy", "grafana"}
    assert ports["grafana"] == ["127.0.0.1:3000:3000"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    databases = [name for name in SERVICES if re.fullmatch(r"mongo-\d|postgres|prometheus", name)]
    assert all(SERVICES[name]["networks"] == ["back"] for name in databases)


def test_mongodb_asks_for_a_password_and_its_members_for_a_key():
    members = [each for name, each in SERVICES.items() if re.fullmatch(r"mongo-\d", name)]

    for member in members:
        command = member["command"]
        assert command[command.index("--keyFile") + 1] == "/run/mongo/key"
        assert "/run/secrets/mongodb_key /run/mongo/key" in member["entrypoint"][2]
        assert command[command.index("--replSet") + 1] == "rs0"
        assert member["secrets"] == ["mongodb_key"]
    for service in OURS.values():
        assert re.match(
            r"mongodb://chat:\$\{MONGODB_PASSWORD:\?\}@mongo-1,mongo-2,mongo-3/\?replicaSet=rs0",
            service["environment"]["MONGODB_URI"],
        )


def test_an_instance_starts_after_the_databases_and_the_second_after_the_first():
    first, second = SERVICES["service-1"], SERVICES["service-2"]

    assert first["depends_on"] == {
        "mongo-setup": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
    }
    assert second["depends_on"] == first["depends_on"] | {
        "service-1": {"condition": "service_healthy"}
    }
    assert first["volumes"] != second["volumes"]


def test_it_is_behind_tls():
    proxy = (ROOT / "deploy/Caddyfile").read_text()
    for name in ("service-1", "service-2"):
        environment = SERVICES[name]["environment"]
        assert (environment["BEHIND_TLS"], environment["NUM_PROXIES"]) == ("1", "1")
        assert f"{name}:8000" in proxy
        assert name in environment["ALLOWED_HOSTS"].split(",")
    assert "{$SITE_ADDRESS} {" in proxy
    assert "/metrics" in proxy


def test_the_sweeper_runs_the_jobs_and_the_instances_do_not():
    program, script, name = SERVICES["sweeper"]["command"]

    assert (program, script, name) == ("python", "manage.py", "run_jobs")
    assert name in get_commands()
    assert {service["environment"]["JOBS"] for service in OURS.values()} == {"0"}


def test_the_image_is_of_this_version():
    assert {each["image"] for each in OURS.values()} == {f"chat-sessions:{VERSION}"}
