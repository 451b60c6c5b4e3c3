"""The memory that a process may have: the least of all that bounds it."""

import resource

import pytest

from aml_assets.io.machine import memory_limit

MB = 1_000_000


@pytest.fixture
def limit(tmp_path):
    """The limit by made-up files: line of /proc/self/cgroup, file → its text."""

    def found(line, **files):
        own, root = tmp_path / "own", tmp_path / "cgroup"
        own.write_text(line + "\n")
        for name, text in files.items():
            path = root / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return memory_limit(own, root)

    return found


def test_the_tightest_of_the_nested_cgroups_counts(limit):
    assert (
        limit(
            "0::/pods/one",
            cgroup_dot_controllers="memory",
            pods__memory_dot_max=f"{700 * MB}\n",
            pods__one__memory_dot_max="max\n",
        )
        == 700 * MB
    )


def test_the_first_version_of_cgroups_is_read_too(limit):
    found = limit(
        "9:cpu,memory:/pods",
        memory__memory_dot_limit_in_bytes="9223372036854771712",
        memory__pods__memory_dot_limit_in_bytes=str(600 * MB),
    )
    assert found == 600 * MB


def test_a_container_sees_its_own_limit_although_its_path_is_the_hosts(limit):
    found = limit(
        "0::/kubepods/unknown/here",
        cgroup_dot_controllers="memory",
        memory_dot_max=str(500 * MB),
    )
    assert found == 500 * MB


def test_without_a_cgroup_the_machine_and_the_process_bound_it(tmp_path, monkeypatch):
    whole = memory_limit(tmp_path / "none", tmp_path)
    assert whole > 100 * MB
    of = {resource.RLIMIT_DATA: (400 * MB, -1)}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: of.get(kind, (-1, -1)))
    assert memory_limit(tmp_path / "none", tmp_path) == 400 * MB
