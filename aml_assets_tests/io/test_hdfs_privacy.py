"""A cluster that encrypts all that it sends (``dfs.data.transfer.protection: privacy``).

Belongs here: what such a cluster asks of the settings. Does not belong here: who we are
(`test_hdfs_security`), encryption at rest (`test_hdfs_encryption`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.kerberos import require_kdc
from aml_assets_tests.io.secured import Bank, running, store, works

PROTECTED = {"dfs.data.transfer.protection": "privacy"}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    require_hadoop()
    require_kdc()
    with (
        pytest.MonkeyPatch.context() as environment,
        running(tmp_path_factory.mktemp("private"), privacy=True) as bank,
    ):
        for name, value in bank.kdc.environment.items():
            environment.setenv(name, value)
        yield bank


@pytest.mark.parametrize(("scheme", "client"), [("hdfs", PROTECTED), ("webhdfs", {})])
def test_files_are_written_and_read_where_all_transfers_are_encrypted(
    bank: Bank, scheme: str, client: dict[str, str]
):
    private = store(bank, scheme, principal="alice", keytab=str(bank.keytab), client=client)
    works(private, bytes(range(256)) * 2**11)
