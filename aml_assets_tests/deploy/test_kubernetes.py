"""The manifests for Kubernetes: valid, closed but for the proxy, and without a secret.

Belongs here: what can be told without a cluster. Does not belong here: what runs (`test_compose`).
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aml_assets.errors import SettingsError
from aml_assets.settings.load import load_settings

FOLDER = Path(__file__).resolve().parents[2] / "deploy/kubernetes"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
OBJECTS: list[dict[str, Any]] = [
    each for path in FILES for each in yaml.safe_load_all(path.read_text())
]
BROUGHT = {
    "aml-postgres",
    "aml-proxy",
    "aml-proxy-tls",
    "aml-users",
    "aml-keytab",
    "aml-notebook-keytab",
    "aml-seal",
    "aml-alarms",
}
"""Secrets that a bank makes itself: docs/install.md tells how."""


def of(kind: str) -> list[dict[str, Any]]:
    return [each for each in OBJECTS if each["kind"] == kind]


def pods() -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in of("Deployment")}


def test_they_are_valid_by_kubernetes_own_schemas():
    validate = Path(sys.executable).with_name("kubernetes-validate")
    done = subprocess.run(
        [str(validate), "--strict", "--version", "1.32", *map(str, FILES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_kustomization_lists_every_file():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [path.name for path in FILES]


def test_the_node_ports_of_2019_lead_to_the_login_only():
    outside = [
        each for each in of("Service") if each["spec"].get("type", "ClusterIP") != "ClusterIP"
    ]
    assert [each["spec"]["selector"] for each in outside] == [{"app": "proxy"}]
    ports = {port["name"]: port["nodePort"] for port in outside[0]["spec"]["ports"]}
    assert ports == {"ui": 31234, "notebook": 31235, "viewer": 31236}
    # Else the proxy is told a node's address for the client's.
    assert outside[0]["spec"]["externalTrafficPolicy"] == "Local"
    assert not of("Ingress")


def egress() -> dict[str, dict[str, Any]]:
    """Each rule by which a pod reaches another or an address: its policy's name, and where to."""
    return {
        f"{each['metadata']['name']} {number}": rule
        for each in of("NetworkPolicy")
        for number, rule in enumerate(each["spec"].get("egress", []))
    }


def test_every_way_out_names_where_it_leads_and_by_which_ports():
    assert {
        name for name, rule in egress().items() if not (rule.get("to") and rule["ports"])
    } == set()
    blocks = {
        (name.split()[0], peer["ipBlock"]["cidr"])
        for name, rule in egress().items()
        for peer in rule["to"]
        if "ipBlock" in peer
    }
    nowhere = "192.0.2.1/32"  # RFC 5737; a bank names its own
    outside = ("postgres", "kubernetes", "hdfs", "kerberos", "alarms")
    assert blocks == {(f"to-{name}", nowhere) for name in outside} | {
        ("to-names", "169.254.20.10/32")
    }
    told = (FOLDER.parents[1] / "docs/install.md").read_text()
    assert all(f"name: to-{name}}}" in told for name in outside)


def test_names_are_asked_of_the_clusters_own_dns_only():
    dns = {
        name: rule["to"]
        for name, rule in egress().items()
        if {53, 5353} & {port["port"] for port in rule["ports"]}
    }
    assert {name.split()[0] for name in dns} == {"to-names"}
    peers = [each for to in dns.values() for each in to if "ipBlock" not in each]
    assert all(each["podSelector"]["matchLabels"] for each in peers)
    spaces = [
        each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in peers
    ]
    assert spaces == ["kube-system", "openshift-dns"]


def test_nobody_but_the_proxy_is_reached_from_outside():
    policies = [each["spec"] for each in of("NetworkPolicy")]
    closed = [p for p in policies if p["podSelector"] == {} and "ingress" not in p]
    assert any(set(p["policyTypes"]) == {"Ingress", "Egress"} for p in closed)
    for policy in policies:
        for rule in policy.get("ingress", []):
            if "from" not in rule:
                assert policy["podSelector"] == {"matchLabels": {"app": "proxy"}}
    notebook = [p for p in policies if "notebook" in str(p["podSelector"])]
    reached = {
        port["port"] for p in notebook for rule in p.get("egress", []) for port in rule["ports"]
    }
    assert not {3000, 4000, 5432, 443, 6443} & reached


@pytest.mark.parametrize("name", pods())
def test_each_pod_has_bounds_probes_and_no_rights(name: str):
    pod = pods()[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["serviceAccountName"] == name
    assert pod["automountServiceAccountToken"] is (name in ("daemon", "web"))
    assert pod["enableServiceLinks"] is False
    for container in pod["containers"]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= set(container["resources"])
        assert {"startupProbe", "livenessProbe"} <= set(container)
        tag = container["image"].partition(":")[2]
        assert tag not in ("", "latest")


def test_the_daemon_makes_jobs_web_ends_them_and_nobody_else_has_a_right():
    bound = {
        each["roleRef"]["name"]: [subject["name"] for subject in each["subjects"]]
        for each in of("RoleBinding")
    }
    assert bound == {"start-runs": ["daemon"], "end-runs": ["web"]}
    assert not of("ClusterRole") + of("ClusterRoleBinding")
    rights = {
        each["metadata"]["name"]: {
            (resource, verb)
            for rule in each["rules"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        for each in of("Role")
    }
    end = {("jobs", "delete"), ("pods", "list"), ("pods", "delete")}
    assert rights["end-runs"] == end
    assert rights["start-runs"] == end | {
        ("jobs", "create"),
        ("jobs", "list"),
        ("jobs/status", "get"),
        ("pods/log", "get"),
        ("events", "list"),
    }
    tokens = {
        each["metadata"]["name"]
        for each in of("ServiceAccount")
        if each["automountServiceAccountToken"]
    }
    assert tokens == {"daemon"}  # web's pod asks for its own


def test_who_types_in_the_notebook_gets_another_keytab_than_the_pipeline():
    def keytab(name: str) -> str:
        (found,) = (v["secret"] for v in pods()[name]["volumes"] if v["name"] == "keytab")
        return found["secretName"]

    assert keytab("code") != keytab("notebook")
    told = {each["name"]: each.get("value") for each in pods()["notebook"]["containers"][0]["env"]}
    assert told["AML_HDFS__PRINCIPAL"].startswith("aml-notebook@")


def test_only_what_builds_has_the_key_that_seals_what_is_stored():
    with_key = {
        name
        for name, pod in pods().items()
        if "aml-seal" in str(pod["volumes"]) or "SEAL_KEYS" in str(pod["containers"])
    }
    assert with_key == {"code"}
    config = next(
        yaml.safe_load(each["data"]["dagster.yaml"])
        for each in of("ConfigMap")
        if "dagster.yaml" in each["data"]
    )["run_launcher"]["config"]
    runs = config["run_k8s_config"]
    (mount,) = (
        each for each in runs["container_config"]["volume_mounts"] if each["name"] == "seal"
    )
    assert f"AML_STORE__SEAL_KEYS={mount['mount_path']}/seal.keys" in config["env_vars"]
    assert "aml-seal" in str(runs["pod_spec_config"]["volumes"])
    settings = next(
        each["data"]["aml.yaml"] for each in of("ConfigMap") if "aml.yaml" in each["data"]
    )
    assert "seal_keys" not in settings, "the notebook reads the same file"


def test_secrets_are_named_and_never_written():
    assert not of("Secret")
    named = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            for key in ("secretRef", "secretKeyRef"):
                if key in node:
                    named.add(node[key]["name"])
            if "secretName" in node:
                named.add(node["secretName"])
            for key, value in node.items():
                assert not (key == "value" and "PASSWORD" in str(node.get("name")))
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(OBJECTS)
    assert named == BROUGHT
    told = (FOLDER.parents[1] / "docs/install.md").read_text()
    assert all(
        f"secret generic {name} " in told or f"secret tls {name} " in told for name in BROUGHT
    )


def test_every_name_that_is_referred_to_is_there():
    maps = {each["metadata"]["name"] for each in of("ConfigMap")}
    claims = {each["metadata"]["name"] for each in of("PersistentVolumeClaim")}
    accounts = {each["metadata"]["name"] for each in of("ServiceAccount")}
    services = {each["metadata"]["name"]: each["spec"] for each in of("Service")}
    for pod in pods().values():
        assert pod["serviceAccountName"] in accounts
        volumes = {volume["name"] for volume in pod["volumes"]}
        for volume in pod["volumes"]:
            assert volume.get("configMap", {}).get("name") in {*maps, None}
            assert volume.get("persistentVolumeClaim", {}).get("claimName") in {*claims, None}
        for mount in pod["containers"][0]["volumeMounts"]:
            assert mount["name"] in volumes
    for service in services.values():
        pod = pods()[service["selector"]["app"]]
        listened = {port["containerPort"] for port in pod["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["ports"]} <= listened
    workspace = next(
        yaml.safe_load(each["data"]["workspace.yaml"])
        for each in of("ConfigMap")
        if "workspace.yaml" in each["data"]
    )
    server = workspace["load_from"][0]["grpc_server"]
    assert server["port"] in {port["port"] for port in services[server["host"]]["ports"]}


def test_local_files_are_refused_there(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    cluster = "hdfs://bank/aml"
    for store, landing, named in (
        (str(tmp_path), cluster, "store"),
        (f"file://{tmp_path}", cluster, "store"),
        (cluster, str(tmp_path), "landing"),
    ):
        with pytest.raises(
            SettingsError, match=rf"{named}\.url is local files.*Set AML_{named.upper()}"
        ):
            load_settings(store={"url": store}, landing={"url": landing})
    assert load_settings(store={"url": cluster}, landing={"url": cluster}).store.url == cluster


def test_what_kubernetes_tells_of_services_is_no_misspelt_setting(monkeypatch):
    cluster = {"url": "hdfs://bank/aml"}
    told = ("SERVICE_HOST", "SERVICE_PORT_UI", "PORT", "PORT_8443_TCP", "PORT_8443_TCP_ADDR")
    for service in ("AML", "AML_DAGSTER_WEBSERVER"):
        for name in told:
            monkeypatch.setenv(f"{service}_{name}", "tcp://10.0.0.1:8443")
    with pytest.raises(SettingsError, match="names no setting"):
        load_settings(store=cluster, landing=cluster)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    load_settings(store=cluster, landing=cluster)
    monkeypatch.setenv("AML_STORE_URL", "hdfs://bank/aml")
    with pytest.raises(SettingsError, match="AML_STORE_URL names no setting"):
        load_settings(store=cluster, landing=cluster)


def test_the_settings_in_the_config_map_are_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    text = next(e["data"]["aml.yaml"] for e in of("ConfigMap") if "aml.yaml" in e["data"])
    (tmp_path / "aml.yaml").write_text(text)
    monkeypatch.setenv("AML_CONFIG", str(tmp_path / "aml.yaml"))
    assert load_settings().store.url.startswith("hdfs://")
