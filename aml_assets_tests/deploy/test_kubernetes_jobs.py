"""The jobs that Dagster's launcher and executor make, configured by the shipped files.

Kubernetes is replaced where the client sends a request; everything before it is what a bank runs.
Belongs here: what a user writes as tags of a run, and the job that comes of it. Does not belong
here: the manifests themselves (`test_kubernetes`), run config (`test_executors`).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import dagster_k8s
import kubernetes
import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.test_utils import create_run_for_test
from kubernetes.client.rest import ApiException, RESTClientObject

import aml_assets
from aml_assets.automation.executors import executor
from aml_assets.build import build_definitions
from aml_assets.core.graph import FEATURES, MODEL
from aml_assets.settings.automation_settings import AutomationSettings
from aml_assets.settings.load import load_settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
IMAGE = "localhost/aml_assets:0.1.0"
LAUNCHERS: dict[str, dict[str, Any]] = {
    "manifests": next(
        yaml.safe_load(each["data"]["dagster.yaml"])["run_launcher"]
        for each in yaml.safe_load_all((DEPLOY / "kubernetes/config.yaml").read_text())
        if "dagster.yaml" in each["data"]
    ),
    "helm": yaml.safe_load((DEPLOY / "helm/values.yaml").read_text())["runLauncher"]["config"][
        "customRunLauncher"
    ],
}
CONFIG = "dagster-k8s/config"
RESOURCES = "dagster-k8s/resource_requirements"
OF_THE_PROXY = {"secret_key_ref": {"name": "aml-proxy", "key": "AML_UI_PASSWORD"}}
KEYTAB = {"name": "more", "secret": {"secretName": "aml-notebook-keytab"}}
FOREIGN = {"name": "beside", "image": "elsewhere.example/tool"}
ATTACKS: dict[str, dict[str, Any]] = {
    "container_config.image": {"image": "elsewhere.example/tool"},
    "container_config.command": {"command": ["sh", "-c", "env"]},
    "container_config.args": {"args": ["sh", "-c", "env"]},
    "container_config.env": {"env": [{"name": "HAD", "value_from": OF_THE_PROXY}]},
    "container_config.env_from": {"envFrom": [{"secretRef": {"name": "aml-proxy"}}]},
    "container_config.volume_mounts": {"volumeMounts": [{"name": "more", "mountPath": "/more"}]},
    "container_config.security_context": {"security_context": {"run_as_user": 0}},
    "container_config.lifecycle": {"lifecycle": {"post_start": {"exec": {"command": ["env"]}}}},
    "pod_spec_config.volumes": {"volumes": [KEYTAB]},
    "pod_spec_config.automount_service_account_token": {"automountServiceAccountToken": True},
    "pod_spec_config.service_account_name": {"service_account_name": "daemon"},
    "pod_spec_config.containers": {"containers": [FOREIGN]},
    "pod_spec_config.init_containers": {"initContainers": [FOREIGN]},
    "pod_spec_config.host_network": {"host_network": True},
    # The network policies go by labels.
    "pod_template_spec_metadata.labels": {"labels": {"app": "proxy"}},
    "job_metadata.labels": {"labels": {"app": "proxy"}},
    "job_metadata.namespace": {"namespace": "kube-system"},
    "job_spec_config.backoff_limit": {"backoffLimit": 9},
    "job_config.spec": {"spec": {"template": {"spec": {"containers": [FOREIGN]}}}},
}
MORE_MEMORY = {"limits": {"memory": "32Gi"}, "requests": {"memory": "32Gi"}}


class Kubernetes:
    """What is sent to Kubernetes, which makes each job, or refuses them all."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.refuses = False

    def request(self, _client: object, method: str, url: str, **sent: Any) -> Kubernetes:
        if method == "POST":
            assert url.endswith("/apis/batch/v1/namespaces/aml/jobs")
            self.jobs.append(sent["body"])
        if self.refuses:
            refused = ApiException(status=403, reason="Forbidden")
            refused.body = b""
            raise refused
        self.status, self.reason, self.data = 201, "Created", json.dumps(sent["body"]).encode()
        return self

    def getheader(self, _name: str) -> str:
        return "application/json"

    def getheaders(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="module")
def kept() -> Iterator[Kubernetes]:
    replaced = Kubernetes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes.config, "load_incluster_config", lambda: None)
        patch.setattr(RESTClientObject, "request", lambda *a, **k: replaced.request(*a, **k))
        yield replaced


@pytest.fixture
def cluster(kept: Kubernetes) -> Kubernetes:
    kept.jobs, kept.refuses = [], False
    return kept


@pytest.fixture(scope="module", params=LAUNCHERS)
def instance(request: pytest.FixtureRequest, kept: Kubernetes) -> Iterator[dg.DagsterInstance]:
    overrides = {"run_launcher": LAUNCHERS[request.param], "telemetry": {"enabled": False}}
    with dg.instance_for_test(overrides) as made:
        yield made


def launch(instance: dg.DagsterInstance, **tags: str) -> str:
    """The id of a run with such tags, launched as the daemon does."""
    code = RepositoryPythonOrigin(
        sys.executable, ModuleCodePointer("aml_assets.definitions", "defs"), IMAGE, None, None
    )
    origin = JobPythonOrigin("night", code)
    run = create_run_for_test(instance, "night", tags=tags, job_code_origin=origin)
    instance.run_launcher.launch_run(LaunchRunContext(run, None))
    return run.run_id


def tag(field: str, value: dict[str, Any], merge: str) -> str:
    return json.dumps({field.partition(".")[0]: value, "merge_behavior": merge})


def without_ids(job: dict[str, Any]) -> dict[str, Any]:
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", "ID", json.dumps(job))
    # Which step of which run, packed.
    text = re.sub(r'(COMPRESSED_EXECUTE_STEP_ARGS", "value": ")[^"]+', r"\1", text)
    return json.loads(text)


@pytest.mark.parametrize("merge", ["DEEP", "SHALLOW"])
def test_a_run_whose_tags_set_more_than_its_resources_is_refused_and_no_job_is_made(
    instance: dg.DagsterInstance, cluster: Kubernetes, merge: str
):
    for field, value in ATTACKS.items():
        with pytest.raises(Exception, match=rf"violated the allowed list: {re.escape(field)}$"):
            launch(instance, **{CONFIG: tag(field, value, merge)})
    # Hidden behind what is allowed:
    both = {"resources": MORE_MEMORY, **ATTACKS["container_config.image"]}
    with pytest.raises(Exception, match="violated the allowed list"):
        launch(instance, **{CONFIG: tag("container_config", both, merge)})
    assert cluster.jobs == []


@pytest.mark.parametrize("merge", ["DEEP", "SHALLOW"])
def test_a_run_that_asks_for_more_memory_gets_it_and_is_else_the_job_of_the_files(
    instance: dg.DagsterInstance, cluster: Kubernetes, merge: str
):
    launch(instance)
    launch(instance, **{CONFIG: tag("container_config", {"resources": MORE_MEMORY}, merge)})
    launch(instance, **{RESOURCES: json.dumps(MORE_MEMORY)})
    plain, *raised = map(without_ids, cluster.jobs)
    (ours,) = plain["spec"]["template"]["spec"]["containers"]
    for job in raised:
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"]["memory"] == "32Gi"
        container["resources"] = ours["resources"]
        assert job == plain


def test_the_job_of_a_run_has_what_the_files_give_it_and_no_token(
    instance: dg.DagsterInstance, cluster: Kubernetes
):
    launch(instance, **{"dagster/image": "elsewhere.example/tool", "dagster/isolation": "disabled"})
    (job,) = cluster.jobs
    pod = job["spec"]["template"]["spec"]
    assert job["spec"]["template"]["metadata"]["labels"]["app"] == "run"
    assert pod["serviceAccountName"] == "run"
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    (container,) = pod["containers"]
    assert container["image"] == IMAGE
    assert "initContainers" not in pod
    assert "command" not in container
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    secrets = set(re.findall(r'"(?:name|secretName)": "(aml-[\w-]+)"', json.dumps(pod)))
    assert secrets == {"aml-postgres", "aml-keytab", "aml-seal", "aml-settings"}


def test_dagster_reads_a_pods_configuration_from_no_other_tags():
    # A new one would need an attack of its own above.
    source = Path(dagster_k8s.__file__).parent
    found = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r"[\"'](dagster-k8s/[\w./-]+)[\"']", path.read_text("utf-8"))
    }
    assert found == {CONFIG, RESOURCES}


@dg.op
def step() -> None:
    """A step that is never executed: its job is refused."""


@dg.job(
    executor_def=executor(
        AutomationSettings(executor="k8s_job", executor_config={"job_image": IMAGE})
    )
)
def night():
    step()


def test_a_runs_tags_change_nothing_in_the_jobs_of_its_steps(
    instance: dg.DagsterInstance, cluster: Kubernetes
):
    cluster.refuses = True
    attack = tag("container_config", {"image": "elsewhere.example/tool"}, "DEEP")
    for tags in ({}, {CONFIG: attack}, {RESOURCES: json.dumps(MORE_MEMORY)}):
        dg.execute_job(dg.reconstructable(night), instance, tags=tags)
    plain, *others = map(without_ids, cluster.jobs)
    assert others == [plain, plain]
    pod = plain["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "run"
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["image"] == IMAGE


def test_no_step_of_ours_brings_a_configuration_of_its_own():
    sources = Path(aml_assets.__file__).parent.rglob("*.py")
    assert [str(path) for path in sources if "dagster-k8s/" in path.read_text("utf-8")] == []


GIVEN = {
    MODEL: {"memory": "16Gi", "cpu": 4},  # more than the limits of the files
    "tables/trx": {"memory": "4Gi"},
    "tables/str": {"cpu": "500m"},
}


def bank() -> dg.JobDefinition:
    """A bank's own job, whose assets have resources of their own."""
    automation = {"executor": "k8s_job", "executor_config": {"job_image": IMAGE}}
    settings = load_settings(automation={**automation, "resources": GIVEN})
    return build_definitions(settings).resolve_job_def("daily")


def job_of_step(instance: dg.DagsterInstance, cluster: Kubernetes, asset: str) -> dict[str, Any]:
    """The job that the executor makes for one asset's step."""
    cluster.jobs.clear()
    dg.execute_job(
        dg.reconstructable(bank),
        instance,
        asset_selection=[dg.AssetKey.from_user_string(asset)],
        tags={"dagster/partition": "2024-02-01"},
    )
    (job,) = cluster.jobs
    return job


def test_an_assets_step_has_the_memory_and_processors_that_the_settings_give_it(
    instance: dg.DagsterInstance, cluster: Kubernetes, tmp_path: Path
):
    cluster.refuses = True
    plain = job_of_step(instance, cluster, FEATURES)
    (theirs,) = plain["spec"]["template"]["spec"]["containers"]
    for asset, given in GIVEN.items():
        job = job_of_step(instance, cluster, asset)
        (container,) = job["spec"]["template"]["spec"]["containers"]
        own = {name: str(amount) for name, amount in given.items()}
        assert container["resources"] == {
            "requests": theirs["resources"]["requests"] | own,
            "limits": theirs["resources"]["limits"] | own,
        }
        (tmp_path / f"{asset.replace('/', '-')}.json").write_text(json.dumps(job))
        # Beside names it is the job of any other step.
        step = asset.replace("/", "__")
        container["resources"] = theirs["resources"]
        renamed = json.dumps(without_ids(job)).replace(step, FEATURES.replace("/", "__"))
        assert json.loads(renamed) == without_ids(plain)
    files = sorted(tmp_path.iterdir())
    validate = Path(sys.executable).with_name("kubernetes-validate")
    command = [str(validate), "--strict", "--version", "1.32", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
