"""Each turn begins with the next NameNode of every name service, wherever these are configured."""

import pytest

from aml_assets.io.filesystems.nameservices import beginning_with
from aml_assets.settings.store_settings import HdfsSettings

KEY = "dfs.ha.namenodes.bank"
FILE = """<configuration>
<property><name> dfs.ha.namenodes.bank </name><value>a,b,c</value></property>
<property><name>dfs.replication</name><value>3</value></property>
</configuration>"""


@pytest.mark.parametrize(("turn", "order"), [(1, "b,c,a"), (2, "c,a,b"), (3, "a,b,c")])
def test_a_turn_rotates_the_namenodes_and_nothing_else(turn, order):
    settings = HdfsSettings(client={KEY: "a,b,c", "dfs.replication": "3"})
    assert beginning_with(turn, settings) == {KEY: order}
    assert beginning_with(0, settings) == {}


@pytest.mark.parametrize("place", ["config_dir", "HADOOP_CONF_DIR", "HADOOP_HOME"])
def test_namenodes_are_read_where_the_client_reads_them(tmp_path, monkeypatch, place):
    folder = tmp_path / "etc/hadoop" if place == "HADOOP_HOME" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "core-site.xml").write_text("not XML")
    (folder / "hdfs-site.xml").write_text(FILE)
    for name in ("HADOOP_CONF_DIR", "HADOOP_HOME"):
        monkeypatch.delenv(name, raising=False)
    if place == "config_dir":
        settings = HdfsSettings(config_dir=str(tmp_path))
    else:
        monkeypatch.setenv(place, str(tmp_path))
        settings = HdfsSettings()
    assert beginning_with(1, settings) == {KEY: "b,c,a"}
