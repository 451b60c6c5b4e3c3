"""The shipped files, without running them: linters, and what must be the same in several of them.

Belongs here: Dockerfiles, compose, scripts, Dagster's instance, Helm values. Does not belong here:
manifests (`test_kubernetes`), what they do when they run (`test_compose`).
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config
from dagster._core.instance.config import dagster_instance_config_schema
from dagster_k8s import K8sRunLauncher
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from packaging.specifiers import SpecifierSet

from aml_assets.cli.home import DAGSTER_YAML
from aml_assets_tests.requirements import require

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
OWN_CLUSTER = "deploy/own-cluster.yaml"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
HELM = yaml.safe_load((DEPLOY / "helm/values.yaml").read_text())
HELM_LAUNCHER = HELM["runLauncher"]["config"]["customRunLauncher"]
INSTANCES = {
    "compose": yaml.safe_load((DEPLOY / "config/dagster.yaml").read_text()),
    "kubernetes": next(
        yaml.safe_load(each["data"]["dagster.yaml"])
        for each in yaml.safe_load_all((DEPLOY / "kubernetes/config.yaml").read_text())
        if "dagster.yaml" in each["data"]
    ),
}


def lint(*words: str) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dockerfiles_are_clean():
    hadolint = Path(sys.executable).with_name("hadolint")
    lint(str(hadolint), "Dockerfile", "deploy/services/Dockerfile")


def test_the_compose_files_are_clean():
    require(shutil.which("npx") is not None, "npx (Debian: npm)")
    config = "deploy/.dclintrc.yaml"
    files = ("deploy/compose.yaml", "deploy/podman.yaml", OWN_CLUSTER)
    lint("npx", "--yes", "dclint@3.1.0", "-c", config, "--max-warnings", "0", *files)


@pytest.fixture
def own_cluster(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What `containers.sh` gives podman where the file of secrets names a cluster of one's own."""
    secrets = tmp_path / "secrets.env"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CONTAINER_ENGINE": "podman",
        "SECRETS_FILE": str(secrets),
    }

    def script(*words: str) -> str:
        return subprocess.run(
            ["deploy/containers.sh", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def configured(more: str = "") -> dict[str, Any]:
        secrets.unlink(missing_ok=True)
        assert script("secrets").startswith("Wrote ")
        with secrets.open("a") as file:
            file.write(f"CONFIG_FOLDER=/etc/bank\nCOMPOSE_OVERRIDE={OWN_CLUSTER}\n{more}")
        return yaml.safe_load(script("compose", "config"))

    return configured


def test_with_a_cluster_of_ones_own_there_is_no_notebook_unless_it_has_its_own_keytab(own_cluster):
    services = own_cluster()["services"]
    running = {name: each for name, each in services.items() if not each.get("profiles")}
    assert not {"namenode", "datanode", "reader", "notebook"} & set(running)
    for name, each in running.items():
        assert not {"namenode", "notebook"} & set(each.get("depends_on") or ()), name
    mounted = {volume for each in services.values() for volume in each.get("volumes", ())}
    assert "/etc/bank:/etc/aml:ro,z" in mounted
    assert "/etc/bank:/etc/aml:ro,z" not in services.get("notebook", {}).get("volumes", ())


def test_with_a_cluster_of_ones_own_the_notebook_still_meets_nobody_but_the_proxy(own_cluster):
    configured = own_cluster("NOTEBOOK_FOLDER=/etc/bank-notebook\n")
    services = configured["services"]
    running = {
        name: each
        for name, each in services.items()
        if set(each.get("profiles") or ["notebook"]) == {"notebook"}
    }
    assert not {"namenode", "datanode", "reader"} & set(running)
    assert not [name for name in running if "namenode" in str(services[name].get("depends_on"))]
    networks = {name: set(each["networks"]) for name, each in running.items()}
    assert networks["notebook"] == {"lab", "lab-hdfs", "outside-lab"}
    assert {name for name in networks if networks[name] & networks["notebook"]} == {
        "notebook",
        "proxy",
    }
    for name in ("code", "notebook"):
        assert services[name]["environment"]["KRB5_CONFIG"] == "/etc/aml/krb5.conf"
    assert "/etc/bank:/etc/aml:ro,z" in services["code"]["volumes"]
    # Neither the pipeline's keytab nor its key for seals.
    assert "/etc/bank-notebook:/etc/aml:ro,z" in services["notebook"]["volumes"]
    assert "/etc/bank:" not in str(services["notebook"])
    # Podman passes on between networks unless they say no.
    for name in set().union(*networks.values()):
        assert configured["networks"][name]["driver_opts"] == {"isolate": "true"}, name


@pytest.mark.parametrize("script", [*DEPLOY.glob("*.sh"), *DEPLOY.glob("services/*.sh")])
def test_scripts_are_shell(script: Path):
    lint("sh", "-n", str(script))


def test_only_the_proxy_has_ports_and_they_are_on_loopback():
    ports = {name: each["ports"] for name, each in COMPOSE["services"].items() if "ports" in each}
    assert list(ports) == ["proxy"]
    assert all(port.startswith("127.0.0.1:") for port in ports["proxy"])


def test_the_notebook_meets_hdfs_through_the_reader_alone_and_has_no_key_for_seals():
    services = COMPOSE["services"]
    networks = {name: set(each["networks"]) for name, each in services.items()}
    assert {name for name in networks if "lab-hdfs" in networks[name]} == {"notebook", "reader"}
    assert not networks["notebook"] & networks["namenode"]
    assert set(services["reader"]["networks"]["lab-hdfs"]["aliases"]) == {"namenode", "datanode"}
    sealing = {name for name, each in services.items() if "seal" in str(each)}
    assert sealing == {"code"}
    conf = (DEPLOY / "services/reader.conf.template").read_text()
    passed = re.findall(r"location (\S+) \{\s+limit_except GET \{\s+deny all;", conf)
    assert passed == ["/webhdfs/v1/"] * conf.count("proxy_pass ") == ["/webhdfs/v1/"] * 2


def test_the_notebooks_settings_are_of_the_same_bank_for_reading():
    ours, theirs = (
        yaml.safe_load((DEPLOY / folder / "aml.yaml").read_text())
        for folder in ("config", "notebook")
    )
    for place in ("landing", "store"):
        host, _, path = ours[place]["url"].removeprefix("hdfs://").partition("/")
        assert theirs[place]["url"] == f"webhdfs://{host.partition(':')[0]}:9870/{path}"


def test_what_is_pinned_runs_on_the_python_of_debian_12():
    # Where a pin does not, pip looks for a way out for an hour instead of saying so.
    refused = [
        f"{each.metadata['Name']}: {each.metadata['Requires-Python']}"
        for each in distributions()
        if not SpecifierSet(each.metadata["Requires-Python"] or "").contains("3.11.2")
    ]
    assert refused == []


def test_no_secret_has_a_default():
    text = (DEPLOY / "compose.yaml").read_text()
    given = dict(re.findall(r"\$\{(\w*(?:PASSWORD|TOKEN)):([-?][^}]*)\}", text))
    asked = {name for name, rest in given.items() if rest.startswith("?")}
    assert given.pop("AML_SMTP_PASSWORD") == "-"  # none, where no mail is sent
    assert asked == set(given)
    assert len(asked) == 5


def test_what_runs_has_no_more_rights_than_it_needs():
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges"], name
    for file in (ROOT / "Dockerfile", DEPLOY / "services/Dockerfile"):
        stages = re.split(r"^FROM ", file.read_text(), flags=re.MULTILINE)[1:]
        final = [stage for stage in stages if "ENTRYPOINT" in stage or "HEALTHCHECK" in stage]
        for stage in final:
            if "HEALTHCHECK" in stage:
                assert re.search(r"^USER 100\d\d:100\d\d$", stage, re.MULTILINE)


@pytest.mark.parametrize("name", INSTANCES)
def test_dagsters_instance_is_as_on_one_machine_but_for_where_things_are(name: str, monkeypatch):
    for part in ("HOST", "USER", "PASSWORD", "DB"):
        monkeypatch.setenv(f"DAGSTER_POSTGRES_{part}", "x")
    ours: dict[str, Any] = yaml.safe_load(DAGSTER_YAML)
    theirs = INSTANCES[name]
    for section in ("telemetry", "nux", "run_monitoring", "run_retries", "retention"):
        assert theirs[section] == ours[section], section
    assert theirs["concurrency"]["pools"] == ours["concurrency"]["pools"]
    limits = "tag_concurrency_limits"
    assert theirs["concurrency"]["runs"][limits] == ours["concurrency"]["runs"][limits]
    checked = process_config(dagster_instance_config_schema(), theirs)
    assert checked.success, checked.errors
    assert theirs["run_coordinator"]["class"] == "LoginRunCoordinator"
    params = theirs["storage"]["postgres"]["postgres_db"]["params"]
    assert params["sslmode"] == "verify-full"


def test_the_run_launcher_of_kubernetes_takes_its_settings():
    for launcher in (INSTANCES["kubernetes"]["run_launcher"], HELM_LAUNCHER):
        assert (launcher["module"], launcher["class"]) == ("dagster_k8s", "K8sRunLauncher")
        checked = process_config(K8sRunLauncher.config_type(), launcher["config"])
        assert checked.success, checked.errors


def test_secrets_are_kept_from_git_and_from_the_builder():
    assert "deploy/secrets.env*" in (ROOT / ".gitignore").read_text().split()
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored.index("deploy/secrets.env*") > ignored.index("!deploy")


def test_what_helm_makes_of_the_values_is_an_instance_like_the_others():
    limits = HELM["concurrency"]
    assert limits["enabled"] is True
    coordinator = {**HELM["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"]}
    assert coordinator.pop("config") == {}, "limits may be said in one place only"
    instance = {
        **HELM["additionalInstanceConfig"],
        "telemetry": HELM["telemetry"],
        "concurrency": {name: snake(limits[name]) for name in ("runs", "pools")},
        "run_monitoring": snake(HELM["dagsterDaemon"]["runMonitoring"]),
        "run_retries": snake(HELM["dagsterDaemon"]["runRetries"]),
        "run_coordinator": coordinator,
        "retention": {name: snake(HELM["retention"][name]) for name in ("schedule", "sensor")},
    }
    theirs = INSTANCES["kubernetes"]
    assert instance == {name: theirs[name] for name in instance}
    checked = process_config(dagster_instance_config_schema(), instance)
    assert checked.success, checked.errors
    # What only one of them has, is how each names the instance and the database's password.
    ours, bare = HELM_LAUNCHER["config"], theirs["run_launcher"]["config"]
    names = {"instance_config_map", "postgres_password_secret", "env_secrets", "run_k8s_config"}
    assert {k: v for k, v in ours.items() if k not in names} == {
        k: v for k, v in bare.items() if k not in names
    }
    pods = [UserDefinedDagsterK8sConfig.from_dict(e["run_k8s_config"]) for e in (ours, bare)]
    assert pods[0] == pods[1]
    # What the code location has would win over all of it: its memory, its label.
    code = HELM["dagster-user-deployments"]["deployments"][0]
    assert code["includeConfigInLaunchedRuns"] == {"enabled": False}


def test_helm_labels_its_pods_as_the_network_policies_name_them():
    text = (DEPLOY / "kubernetes/network.yaml").read_text()
    code = HELM["dagster-user-deployments"]["deployments"][0]
    named = [code, HELM["dagsterWebserver"], HELM["dagsterDaemon"], HELM_LAUNCHER["config"]]
    assert [each["labels"]["app"] for each in named] == ["code", "web", "daemon", "run"]
    for each in named:
        assert re.search(rf"app: {each['labels']['app']}\b|[\[ ]{each['labels']['app']}[,\]]", text)
    for port in (code["port"], HELM["dagsterWebserver"]["service"]["port"]):
        assert f"port: {port}" in text


def test_beside_helm_each_webserver_gets_the_account_that_our_own_manifests_give_it():
    printed = (ROOT / "docs/install.md").read_text().partition("\n## Helm\n")[2]
    patches = {
        name: yaml.safe_load(patch)["spec"]["template"]["spec"]
        for name, patch in re.findall(r"patch deployment (\S+) -p \\\s+'(.+)'", printed)
    }
    # So the chart calls them in a release `aml`; the second comes of `enableReadOnly`.
    chart = {"web": "aml-dagster-webserver", "viewer": "aml-dagster-webserver-read-only"}
    ours = yaml.safe_load_all((DEPLOY / "kubernetes/web.yaml").read_text())
    pods = {
        chart[each["metadata"]["name"]]: each["spec"]["template"]["spec"]
        for each in ours
        if each["kind"] == "Deployment"
    }
    assert HELM["dagsterWebserver"]["enableReadOnly"] is True
    assert patches == {
        name: {key: pod[key] for key in ("serviceAccountName", "automountServiceAccountToken")}
        for name, pod in pods.items()
    }
    assert all(f"{name}.aml.svc" in printed for name in patches)


def snake(node: Any) -> Any:
    """Keys as Dagster has them, of those that the chart writes in camel case."""
    if isinstance(node, dict) and "applyLimitPerUniqueValue" not in node:
        return {re.sub("([A-Z])", r"_\1", key).lower(): snake(each) for key, each in node.items()}
    return [snake(each) for each in node] if isinstance(node, list) else node


def test_helm_values_are_of_the_images_and_secrets_that_the_manifests_name():
    values = HELM
    code = values["dagster-user-deployments"]["deployments"][0]
    manifests = "".join(path.read_text() for path in (DEPLOY / "kubernetes").glob("*.yaml"))
    image = f"{code['image']['repository']}:{code['image']['tag']}"
    assert f"image: {image}\n" in manifests
    assert f"name: {values['global']['postgresqlSecretName']}" in manifests
    for volume in code["volumes"]:
        for kind, key in (("configMap", "name"), ("secret", "secretName")):
            if kind in volume:
                assert re.search(rf"name\w*: {volume[kind][key]}\b", manifests, re.IGNORECASE)
    accounts = re.findall(r"kind: ServiceAccount\nmetadata: \{name: (\w+)", manifests)
    for chart in (values, values["dagster-user-deployments"]):
        assert chart["rbacEnabled"] is chart["serviceAccount"]["create"] is False
        assert chart["serviceAccount"]["name"] in accounts
    assert "serviceAccountName" not in values["global"], "it would be that of every pod"
    assert values["dagsterWebserver"]["enableReadOnly"] is True
    assert values["postgresql"]["enabled"] is False
    assert values["postgresql"]["postgresqlParams"]["sslmode"] == "verify-full"
    assert "postgresqlPassword" not in values["postgresql"]
