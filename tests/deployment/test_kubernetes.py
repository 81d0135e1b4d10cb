"""deploy/kubernetes against the schemas of Kubernetes, and against what it names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.core.management import get_commands

from chatproject.version import VERSION
from tests.deployment.image import ROOT
from tests.deployment.variables import SETTINGS

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
Manifest = dict[str, Any]


def manifests() -> Iterator[tuple[Path, Manifest]]:
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            for manifest in yaml.safe_load_all(path.read_text()):
                yield path, manifest


ALL = [manifest for _, manifest in manifests()]
IDS = [f"{each['kind']} {each['metadata']['name']}" for each in ALL]


def of(kind: str) -> list[Manifest]:
    return [each for each in ALL if each["kind"] == kind]


def pods() -> dict[str, Manifest]:
    """The template of every pod, by who makes it."""
    templates = {}
    for each in ALL:
        match each["kind"]:
            case "Deployment" | "Job":
                templates[each["metadata"]["name"]] = each["spec"]["template"]
            case "CronJob":
                job = each["spec"]["jobTemplate"]["spec"]
                templates[each["metadata"]["name"]] = job["template"]
    return templates


PODS = pods()


@pytest.mark.parametrize("manifest", ALL, ids=IDS)
def test_it_keeps_to_the_schema(manifest: Manifest):
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_a_mistake_would_be_noticed():
    wrong = {**of("Deployment")[0], "spec": {"replicas": "two"}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_every_part_is_there():
    kinds = {each["kind"] for each in ALL}

    assert kinds == {
        "Namespace", "ServiceAccount", "Secret", "ConfigMap", "Deployment", "Service", "Ingress",
        "PodDisruptionBudget", "CronJob", "Job", "NetworkPolicy",
    }  # fmt: skip


def test_the_list_has_every_file_but_those_that_are_applied_by_hand():
    listed = set(KUSTOMIZATION["resources"])
    there = {path.name for path, _ in manifests()}

    assert there - listed == {"secret.example.yaml", "prepare.yaml"}
    assert listed <= there
    assert {each["metadata"].get("namespace", "chat") for each in ALL} == {"chat"}


def test_every_variable_is_a_setting():
    [secret], [configuration] = of("Secret"), of("ConfigMap")
    for pod in PODS.values():
        for container in pod["spec"]["containers"]:
            named = {each["name"]: each.get("value", "") for each in container.get("env", [])}
            # what another one is made of is no setting itself
            parts = {part for value in named.values() for part in re.findall(r"\$\((\w+)\)", value)}
            assert set(named) - parts <= SETTINGS

    assert set(secret["stringData"]) | set(configuration["data"]) <= SETTINGS
    assert not set(secret["stringData"]) & set(configuration["data"])


@pytest.mark.parametrize("name", PODS)
def test_a_pod_takes_its_settings_from_what_exists(name: str):
    [secret], [configuration] = of("Secret"), of("ConfigMap")
    for container in PODS[name]["spec"]["containers"]:
        assert container["envFrom"] == [
            {"configMapRef": {"name": configuration["metadata"]["name"]}},
            {"secretRef": {"name": secret["metadata"]["name"]}},
        ]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_rights_and_a_root_that_is_read_only(name: str):
    spec = PODS[name]["spec"]

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    for container in spec["containers"]:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        paths = {each["mountPath"] for each in container["volumeMounts"]}
        assert paths == {"/data", "/tmp"}
        assert {each["name"] for each in container["volumeMounts"]} == {
            each["name"] for each in spec["volumes"]
        }


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_reach_the_databases(name: str):
    [outgoing] = [p for p in of("NetworkPolicy") if p["metadata"]["name"] == "chat-out"]
    [rule] = outgoing["spec"]["podSelector"]["matchExpressions"]

    assert PODS[name]["metadata"]["labels"]["app"] in rule["values"]


def test_the_probes_ask_what_the_service_answers():
    [container] = of("Deployment")[0]["spec"]["template"]["spec"]["containers"]
    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"]
             for kind in ("startup", "readiness", "liveness")}  # fmt: skip

    assert paths == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
    # probes call a pod by its address
    hosts = {each["name"]: each.get("value", "") for each in container["env"]}["ALLOWED_HOSTS"]
    assert "$(POD_IP)" in hosts.split(",")


def test_everything_selects_the_pods_of_the_deployment():
    [deployment] = of("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    [service], [budget] = of("Service"), of("PodDisruptionBudget")

    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert budget["spec"]["selector"]["matchLabels"] == labels
    assert deployment["spec"]["replicas"] > budget["spec"]["minAvailable"] >= 1
    # and not those of a command, which answer no requests
    assert [name for name, pod in PODS.items() if pod["metadata"]["labels"] == labels] == ["chat"]


def test_a_host_that_is_routed_is_allowed():
    [ingress] = of("Ingress")
    [container] = of("Deployment")[0]["spec"]["template"]["spec"]["containers"]
    allowed = {each["name"]: each.get("value", "") for each in container["env"]}["ALLOWED_HOSTS"]

    hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
    assert hosts == {host for entry in ingress["spec"]["tls"] for host in entry["hosts"]}
    assert hosts <= set(allowed.split(","))


def test_every_command_exists():
    text = " ".join(
        word for pod in PODS.values() for c in pod["spec"]["containers"]
        for word in c.get("command", [])
    )  # fmt: skip
    named = re.findall(r"manage\.py (\w+)", text)

    assert {"expire_sessions", "flushexpiredtokens", "migrate", "ensure_indexes"} <= set(named)
    assert set(named) <= set(get_commands())


def test_the_image_is_of_this_version():
    [image] = KUSTOMIZATION["images"]
    full = f"{image['newName']}:{image['newTag']}"
    used = {c["image"] for pod in PODS.values() for c in pod["spec"]["containers"]}

    assert image["newTag"] == VERSION
    assert used == {image["name"], full}
