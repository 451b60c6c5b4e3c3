"""The manifests, and the jobs of runs, as a real Kubernetes API server takes them.

Belongs here: validity, rights and the restricted pod standard, by Kubernetes itself. Does not
belong here: what a job may not have (`test_kubernetes_jobs`), and whatever needs a node: no
container runs here, and no controller makes pods of deployments and jobs.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster_k8s.client import DagsterK8sUnrecoverableAPIError
from kubernetes.client.rest import ApiException

from aml_assets_tests.deploy.apiserver import ROOT, ApiServer, running
from aml_assets_tests.deploy.test_kubernetes import OBJECTS, pods
from aml_assets_tests.deploy.test_kubernetes_jobs import CONFIG, LAUNCHERS, launch, tag

pytestmark = pytest.mark.kubernetes  # seven minutes of two cores, once

INSTALL = (ROOT / "docs/install.md").read_text("utf-8")
CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=aml -keyout tls.key -out tls.crt"


def printed(title: str) -> dict[str, str]:
    """The first block of each language in a section of docs/install.md; "" is the shell's."""
    section = INSTALL.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return dict(reversed(blocks))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of a bank that follows docs/install.md."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "deploy").symlink_to(ROOT / "deploy")
    (folder / "bank").mkdir()
    (folder / "bank/kustomization.yaml").write_text(printed("Kubernetes")["yaml"])
    settings = next(each for each in OBJECTS if each["metadata"]["name"] == "aml-settings")
    (folder / "bank/settings.yaml").write_text(yaml.safe_dump(settings))
    for name in ("aml.keytab", "notebook.keytab"):
        (folder / name).write_bytes(b"\x05\x02")
    subprocess.run(CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, bank: Path) -> Iterator[ApiServer]:
    """An API server on which the bank has run the commands that docs/install.md prints."""
    with running(tmp_path_factory.mktemp("apiserver")) as up:
        secrets = dict.fromkeys(("DATABASE_PASSWORD", "MAIL_PASSWORD", "WEBHOOK_URL"), "x")
        said = up.shell(printed("Kubernetes")[""], bank, **secrets)
        assert "networkpolicy.networking.k8s.io/to-postgres created" in said
        assert "arning" not in said
        yield up


def admitted(
    server: ApiServer,
    name: str,
    metadata: dict[str, Any],
    spec: dict[str, Any],
    dry_run: str | None = "All",
) -> Any:
    """The pod as it is stored, or would be: checked by all of Kubernetes' admission."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "name": name},
        "spec": spec,
    }
    api = server.api("CoreV1Api")
    return api.create_namespaced_pod("aml", body, dry_run=dry_run, field_validation="Strict")


def test_every_object_is_there_as_the_bank_laid_it_over_ours(server: ApiServer, bank: Path):
    said = server.shell("kubectl -n aml get networkpolicies -o yaml", server.folder)
    policies = {
        each["metadata"]["name"]: each["spec"].get("egress", [])
        for each in yaml.safe_load(said)["items"]
    }
    shipped = {e["metadata"]["name"] for e in OBJECTS if e["kind"] == "NetworkPolicy"}
    assert set(policies) == shipped
    assert "192.0.2." not in str(policies)
    assert policies["to-postgres"][0]["to"] == [{"ipBlock": {"cidr": "10.1.0.5/32"}}]
    # Fields that the server does not know would be dropped without a word, but for this.
    server.shell("kubectl apply -k bank --dry-run=server --validate=strict", bank)


def test_every_pod_is_admitted_under_the_restricted_standard(server: ApiServer):
    deployments = [each for each in OBJECTS if each["kind"] == "Deployment"]
    for each in deployments:
        template = each["spec"]["template"]
        pod = admitted(server, each["metadata"]["name"], template["metadata"], template["spec"])
        mounted = "kube-api-access" in str(pod.spec.volumes)
        assert mounted is (each["metadata"]["name"] in ("daemon", "web"))
    loose = {**pods()["code"], "hostNetwork": True}
    with pytest.raises(ApiException, match='violates PodSecurity \\\\"restricted:latest'):
        admitted(server, "loose", {}, loose)


@pytest.mark.parametrize(
    ("account", "makes", "ends"),
    [
        ("daemon", True, True),
        ("web", False, True),
        *((name, False, False) for name in ("viewer", "code", "run", "notebook", "proxy")),
    ],
)
def test_an_account_may_do_what_its_pod_does(
    server: ApiServer, account: str, makes: bool, ends: bool
):
    api = server.api("AuthorizationV1Api", server.token_of(account))

    def may(verb: str, group: str, resource: str) -> bool:
        asked = {"namespace": "aml", "verb": verb, "group": group, "resource": resource}
        review = {"spec": {"resourceAttributes": asked}}
        return api.create_self_subject_access_review(review).status.allowed

    assert may("create", "batch", "jobs") is makes
    assert may("delete", "batch", "jobs") is ends
    assert may("list", "", "pods") is ends
    for resource in ("secrets", "configmaps", "serviceaccounts"):
        assert not may("get", "", resource)
    for verb, resource in (("create", "pods"), ("create", "pods/exec"), ("get", "nodes")):
        assert not may(verb, "", resource)


@pytest.fixture(params=LAUNCHERS)
def launcher(request: pytest.FixtureRequest) -> dict[str, Any]:
    return LAUNCHERS[request.param]


def instance_of(server: ApiServer, launcher: dict[str, Any], account: str, home: Path) -> Any:
    """Dagster's instance of the shipped files, in a pod of that account."""
    outside = {
        "load_incluster_config": False,
        "kubeconfig_file": str(server.kubeconfig(server.token_of(account))),
    }
    launched = {**launcher, "config": {**launcher["config"], **outside}}
    return dg.instance_for_test(
        {"run_launcher": launched, "telemetry": {"enabled": False}}, temp_dir=str(home)
    )


def test_the_daemon_makes_a_runs_job_whose_pod_is_admitted_and_web_ends_it(
    server: ApiServer, launcher: dict[str, Any], tmp_path: Path
):
    jobs = server.api("BatchV1Api")
    with instance_of(server, launcher, "daemon", tmp_path) as daemon:
        run = launch(daemon)
        job = jobs.read_namespaced_job(f"dagster-run-{run}", "aml")
        made = len(jobs.list_namespaced_job("aml").items)
        template: Any = jobs.api_client.sanitize_for_serialization(job.spec.template)
        # As the controller of jobs makes it.
        metadata = {"labels": {**template["metadata"]["labels"], "job-name": job.metadata.name}}
        pod = admitted(server, "run", metadata, template["spec"], dry_run=None)
        assert pod.spec.service_account_name == "run"
        assert "kube-api-access" not in str(pod.spec.volumes)
        with pytest.raises(Exception, match="violated the allowed list"):
            launch(daemon, **{CONFIG: tag("container_config.image", {"image": "x"}, "DEEP")})
        assert len(jobs.list_namespaced_job("aml").items) == made
        known = daemon.get_run_by_id(run)
        assert known is not None
        assert daemon.run_launcher.check_run_worker_health(known).status.value == "RUNNING"
    with instance_of(server, launcher, "web", tmp_path) as web:
        with pytest.raises(DagsterK8sUnrecoverableAPIError) as refused:
            launch(web)
        assert getattr(refused.value.k8s_api_exception, "status", None) == 403
        assert web.run_launcher.terminate(run) is True
    # It goes when the collector of garbage has let its pods go; Dagster deletes those itself.
    ended = jobs.read_namespaced_job(job.metadata.name, "aml")
    assert ended.metadata.deletion_timestamp is not None
    assert server.api("CoreV1Api").list_namespaced_pod("aml").items == []
