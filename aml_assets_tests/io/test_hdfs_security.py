"""Who we are to a secured cluster, and whom we take for one: what a user of the store sees.

Belongs here: Kerberos, delegation tokens and TLS of one real cluster through both adapters, with
tickets and keys that are good, missing, wrong and expired. Does not belong here: encrypted
transfers (`test_hdfs_privacy`), faults (`test_hdfs_faults`), permissions
(`test_promises_adapter`), the harness itself (`hadoop.test_kerberos`).
"""

from __future__ import annotations

import getpass
import logging
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from aml_assets.errors import SettingsError, StoreError, TransientStoreError
from aml_assets.io.store import Store
from aml_assets.settings.store_settings import HdfsSettings
from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.hadoop.fixtures import Hadoop
from aml_assets_tests.hadoop.kerberos import require_kdc
from aml_assets_tests.hadoop.tls import Authority, require_openssl, tls_settings
from aml_assets_tests.io.secured import (
    NEW_TOKEN,
    PATIENCE,
    Bank,
    Wire,
    ask,
    refuses,
    running,
    spanning,
    store,
    wait_until_expired,
    works,
)

RPC_AND_WEB = ("hdfs", "swebhdfs")
SCHEMES = (*RPC_AND_WEB, "webhdfs")
LIFE = "5 seconds"
TOKEN_SECONDS = 15

CORE = {
    # A session ends before tickets do: its cookie would else be good for ten hours.
    "hadoop.http.authentication.token.validity": "2",
}
HDFS = {
    "dfs.http.policy": "HTTP_AND_HTTPS",
    "dfs.namenode.delegation.token.renew-interval": str(TOKEN_SECONDS * 1000),
}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    require_hadoop()
    require_kdc()
    require_openssl()
    folder = tmp_path_factory.mktemp("secured")
    tls = tls_settings(folder / "tls")
    with (
        pytest.MonkeyPatch.context() as environment,
        running(folder, tls, core_site=CORE, hdfs_site=HDFS) as bank,
    ):
        for name, value in bank.kdc.environment.items():
            environment.setenv(name, value)
        yield bank


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    return request.param


# -- with credentials ----------------------------------------------------------------------


def test_a_keytab_is_all_that_is_needed(bank: Bank, scheme: str):
    works(store(bank, scheme, principal="alice", keytab=str(bank.keytab)))


def test_a_named_ticket_cache_will_do(bank: Bank, scheme: str, tmp_path: Path):
    bank.kdc.kinit("alice", bank.keytab, tmp_path / "cache")
    works(store(bank, scheme, principal="alice", ticket_cache=str(tmp_path / "cache")))


def test_the_default_ticket_cache_is_taken_where_none_is_named(
    bank: Bank, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bank.kdc.kinit("alice", bank.keytab, tmp_path / "cache")
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'cache'}")
    works(store(bank, scheme))


def test_two_stores_of_one_process_can_be_two_principals(bank: Bank, scheme: str):
    alice = store(bank, scheme, principal="alice", keytab=str(bank.keytab))
    works(alice)
    name = f"bob-{scheme}"
    bank.kdc.add(name)
    keytab = str(bank.kdc.keytab(name, name))
    works(store(bank, scheme, principal=name, keytab=keytab))
    his = store(bank, scheme, principal=name, keytab=keytab, folder=alice.root.strip("/"))
    with pytest.raises(StoreError, match=rf"permission denied \(user={name}, "):
        his.read("day/data.bin")
    works(alice, b"other bytes")


# -- without, or with bad ones -------------------------------------------------------------


def test_without_any_credentials_it_is_said_what_to_do(bank: Bank, scheme: str):
    what_to_do = r"kinit.*hdfs\.keytab and hdfs\.principal"
    refuses(store(bank, scheme), f"there is no Kerberos ticket.*{what_to_do}")
    refuses(store(bank, scheme, principal="alice"), f"no Kerberos ticket for .*{what_to_do}")


@pytest.fixture(scope="module")
def expired(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("expired") / "cache"
    bank.kdc.kinit("alice", bank.keytab, cache, "1s")
    wait_until_expired(cache)
    return cache


def test_an_expired_ticket_is_named(bank: Bank, scheme: str, expired: Path):
    mine = store(bank, scheme, principal="alice", ticket_cache=str(expired))
    refuses(mine, r"the Kerberos ticket has expired .*\. .*kinit")


def test_an_outdated_key_is_named(bank: Bank, scheme: str):
    name = f"rekeyed-{scheme}"
    bank.kdc.add(name)
    keytab = bank.kdc.keytab(name, name)
    bank.kdc.rekey(name)
    mine = store(bank, scheme, principal=name, keytab=str(keytab))
    refuses(mine, r"the key table does not hold the principal's current key .*\. .*hdfs\.keytab")


def test_a_principal_whose_ticket_or_key_it_is_not_is_named(
    bank: Bank, scheme: str, tmp_path: Path
):
    cache = tmp_path / "cache"
    bank.kdc.kinit("alice", bank.keytab, cache)
    refuses(
        store(bank, scheme, principal="bob", ticket_cache=str(cache)),
        "the ticket cache holds another principal's ticket",
    )
    refuses(
        store(bank, scheme, principal="bob", keytab=str(bank.keytab)),
        r"there is no Kerberos ticket, nor a key for hdfs\.principal",
    )


def test_a_key_table_that_is_not_there_is_a_setting_to_correct(
    bank: Bank, scheme: str, tmp_path: Path
):
    mine = store(bank, scheme, principal="alice", keytab=str(tmp_path / "none"))
    refuses(mine, r"hdfs\.keytab cannot be read.*Name a file that is there", SettingsError)


def test_a_kdc_that_is_away_is_named_and_waited_for(bank: Bank, scheme: str):
    name = f"patient-{scheme}"
    bank.kdc.add(name)
    settings = {"principal": name, "keytab": str(bank.kdc.keytab(name, name))}
    bank.kdc.daemon.kill()
    try:
        with pytest.raises(TransientStoreError, match=r"no KDC answers .*\. See krb5\.conf"):
            store(bank, scheme, **settings, retry_seconds=0.5).list("day")
    finally:
        back = threading.Timer(1.0, bank.kdc.daemon.start)
        back.start()
    try:
        works(store(bank, scheme, **settings))
    finally:
        back.join()
        bank.kdc.wait_until_serving()


# -- nobody is believed, and nobody believes, unless the settings say so -----------------------


@pytest.mark.parametrize("user", [None, "hdfs", "alice"])
def test_a_secured_cluster_refuses_who_only_says_his_name(
    bank: Bank, scheme: str, user: str | None
):
    mine = store(bank, scheme, authentication="insecure", user=user)
    refuses(mine, r"wants a proof of who we are.*Set hdfs\.authentication: kerberos")


@pytest.mark.parametrize("protocol", ["hdfs", "webhdfs"])
def test_an_unsecured_cluster_is_refused_unless_the_settings_say_insecure(
    bank: Bank, hadoop: Hadoop, protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("HADOOP_USER_NAME", raising=False)
    # By a name of which the KDC knows a service: to another one no proof would be made at all.
    web_url = hadoop.webhdfs_url.replace("127.0.0.1", "localhost")
    url = f"{hadoop.hdfs_url if protocol == 'hdfs' else web_url}/security/{protocol}"
    bank.kdc.kinit("alice", bank.keytab, tmp_path / "cache")
    cached: dict[str, Any] = {"principal": "alice", "ticket_cache": str(tmp_path / "cache")}
    keyed: dict[str, Any] = {"principal": "alice", "keytab": str(bank.keytab)}
    common: dict[str, Any] = {"client": hadoop.client_config, "retry_seconds": PATIENCE}
    for settings in (cached, keyed):
        mine = Store(url, hdfs=HdfsSettings(**settings, **common))
        refuses(mine, r"asks nobody for a proof.*say hdfs\.authentication: insecure")
    simple = {**hadoop.client_config, "hadoop.security.authentication": "simple"}
    mine = Store(url, hdfs=HdfsSettings(**{**common, **cached, "client": simple}))
    refuses(mine, "asks nobody for a proof")
    mine = Store(url, hdfs=HdfsSettings(**common))
    refuses(mine, "asks nobody for a proof" if protocol == "hdfs" else "no Kerberos ticket")
    in_words: dict[str, Any] = {"authentication": "insecure", "user": getpass.getuser()}
    works(Store(url, hdfs=HdfsSettings(**common, **in_words)))


# -- runs that outlive their ticket ----------------------------------------------------------


def outlives_its_ticket(bank: Bank, scheme: str, wire: Wire, at: str, folder: Path) -> None:
    name = f"brief-{scheme}"
    bank.kdc.add(name, max_life=LIFE)
    keytab = bank.kdc.keytab(name, name)
    mine = store(bank, scheme, at=at, principal=name, keytab=str(keytab))
    works(mine)
    witness = folder / "younger-than-the-ticket-of-the-store"
    bank.kdc.kinit(name, keytab, witness)

    def expire() -> None:
        wait_until_expired(witness)
        wire.cut()

    before = bank.tickets(name)
    spanning(mine, expire)
    works(mine)
    assert bank.tickets(name) > before
    refuses(
        store(bank, scheme, principal=name, ticket_cache=str(witness)),
        "the Kerberos ticket has expired",
    )


def is_renewed_by_somebody(bank: Bank, scheme: str, wire: Wire, at: str, folder: Path) -> None:
    name = f"renewed-{scheme}"
    bank.kdc.add(name)
    keytab, cache = bank.kdc.keytab(name, name), folder / f"cache-{scheme}"
    mine = store(bank, scheme, at=at, principal=name, ticket_cache=str(cache))
    bank.kdc.kinit(name, keytab, cache, LIFE.replace(" seconds", "s"))
    works(mine)

    def expire_and_renew() -> None:
        wait_until_expired(cache)
        late = store(bank, scheme, principal=name, ticket_cache=str(cache))
        refuses(late, "the Kerberos ticket has expired")
        bank.kdc.kinit(name, keytab, cache)
        wire.cut()

    before = bank.tickets(name)
    spanning(mine, expire_and_renew)
    works(mine)
    assert bank.tickets(name) > before


def expires_with_its_token(bank: Bank, scheme: str, wire: Wire, at: str, folder: Path) -> None:
    cache, file = folder / "cache", folder / "token"
    bank.kdc.kinit("alice", bank.keytab, cache)
    file.write_text(ask(bank, cache, "GET", NEW_TOKEN)["Token"]["urlString"])
    mine = store(bank, scheme, at=at, authentication="token", token_file=str(file))
    works(mine)
    time.sleep(TOKEN_SECONDS)
    refuses(mine, r"token has expired or was cancelled .*\. Put a new one into hdfs\.token_file")


RUNS = [
    *product((outlives_its_ticket, is_renewed_by_somebody), RPC_AND_WEB),
    (expires_with_its_token, "swebhdfs"),
]


@pytest.fixture(scope="module")
def long_runs(
    bank: Bank, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[Any, str], Future[None]]:
    """All runs that wait for time to pass, at the same time."""
    runs = {}
    with ThreadPoolExecutor() as threads, ExitStack() as wires:
        for run, scheme in RUNS:
            url, _, port = bank.url(scheme).rpartition(":")
            wire = wires.enter_context(closing(Wire(int(port))))
            at, folder = f"{url}:{wire.port}", tmp_path_factory.mktemp("run")
            runs[run, scheme] = threads.submit(run, bank, scheme, wire, at, folder)
        wait(runs.values())
    return runs


@pytest.mark.parametrize("scheme", RPC_AND_WEB)
def test_with_a_keytab_a_run_and_a_write_outlive_the_ticket(long_runs, scheme: str):
    long_runs[outlives_its_ticket, scheme].result()


@pytest.mark.parametrize("scheme", RPC_AND_WEB)
def test_a_ticket_cache_that_somebody_renews_serves_a_run_and_a_write_on(long_runs, scheme: str):
    long_runs[is_renewed_by_somebody, scheme].result()


# -- delegation tokens -----------------------------------------------------------------------


@pytest.fixture
def cache(bank: Bank, tmp_path: Path) -> Path:
    """A ticket cache of alice that no store is told of."""
    bank.kdc.kinit("alice", bank.keytab, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.mark.parametrize("scheme", ["swebhdfs", "webhdfs"])
def test_a_delegation_token_serves_without_a_ticket_and_a_cancelled_one_is_named(
    bank: Bank, scheme: str, tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
):
    tokens = [ask(bank, cache, "GET", NEW_TOKEN)["Token"]["urlString"] for _ in range(2)]
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")  # Kubernetes' client has its own mind about it
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(f"{tokens[0]}\n")
    mine = store(bank, scheme, authentication="token", token_file=str(file))
    works(mine)
    with caplog.at_level(logging.INFO):  # what we ask ourselves is logged, too
        ask(bank, cache, "PUT", f"op=CANCELDELEGATIONTOKEN&token={tokens[0]}")
    refuses(mine, r"token has expired or was cancelled .*\. Put a new one into hdfs\.token_file")
    with pytest.raises(StoreError) as refused:
        mine.read("day/data.bin")
    file.write_text(tokens[1])
    works(mine)
    shown = "".join(traceback.format_exception(refused.value)) + caplog.text
    assert not any(secret in shown for secret in tokens)
    assert "delegation=…" in caplog.text  # for URLs were logged


def test_an_expired_delegation_token_is_named(long_runs):
    long_runs[expires_with_its_token, "swebhdfs"].result()


@pytest.mark.parametrize("content", [b"", b"no token", b"bm8gdG9rZW4", b"\xff\xfe"])
def test_a_file_without_a_token_is_a_setting_to_correct(bank: Bank, tmp_path: Path, content: bytes):
    file = tmp_path / "token"
    file.write_bytes(content)
    mine = store(bank, "swebhdfs", authentication="token", token_file=str(file))
    refuses(mine, r"hdfs\.token_file holds no delegation token", SettingsError)


# -- TLS -------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_a_certificate_is_taken_of_the_named_authority_alone(
    bank: Bank, tmp_path: Path, whose: str, monkeypatch: pytest.MonkeyPatch
):
    # A CA that somebody left in the environment is none that the settings name.
    assert bank.tls is not None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bank.tls.ca_file))
    other = str(Authority.make(tmp_path).certificate) if whose == "another's" else None
    mine = store(bank, "swebhdfs", principal="alice", keytab=str(bank.keytab), ca_file=other)
    refuses(mine, r"certificate is not one that we trust .*\. Name the bank's CA: hdfs\.ca_file")


def test_a_certificate_for_another_host_name_is_refused(bank: Bank):
    # Without Kerberos, to whose KDC the address is no server's name either.
    assert bank.tls is not None
    url = bank.url("swebhdfs").replace("localhost", "127.0.0.1")
    settings = HdfsSettings(authentication="insecure", ca_file=str(bank.tls.ca_file))
    mine = Store(f"{url}/store", hdfs=settings)
    refuses(mine, "certificate is not one that we trust.*and the host as the certificate does")
