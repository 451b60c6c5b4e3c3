"""A session with a Spark Connect server: opened by the first query, bounded in time, and released.

Belongs here: the address, the settings that a session needs, the deadline, and ending queries. Does
not belong here: the queries (``io.spark_engine``).

A session's id is derived from a name. After a kill, the next process that opens a session of that
name finds it, and ends the query that was left in it; Spark itself would go on with it for minutes.
A server refuses the id of a session that it has closed; then the next id of the name is taken.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import quote

import pyarrow as pa

from aml_assets.errors import AmlError

T = TypeVar("T")

_log = logging.getLogger(__name__)

SESSION = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
    # Else Spark would read a missing or damaged file as one without rows.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.legacy.consecutiveStringLiterals.enabled": "false",
    "spark.sql.legacy.exponentLiteralAsDecimal.enabled": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.variable.substitute": "false",
}
"""Spark's options that our SQL files need, set in each session whatever a bank's Spark has by
default."""

_VERSION = (4, 2)
"""The oldest Spark on which our SQL files are tested."""

_TRIES, _LONGEST_WAIT = 5, 5_000
"""How often a failed call is made again, and the most milliseconds before it; by default, the
client tries for ten minutes."""

_GRACE = 5.0
"""Seconds that a server has to end a query, before we no longer wait for it."""

_IDS = 100
"""How many ids a name has: a server refuses those of closed sessions for a time."""


class TooLate(Exception):
    """A server did not answer in time."""


class SparkSession:
    """A session, which is opened by the first query.

    Args:
        url: the server's address.
        name: from which its id is derived.
        token: that the server asks for.
        deadline: seconds that a query is waited for.
    """

    def __init__(self, url: str, name: str, token: str | None, deadline: float) -> None:
        self._url, self._name, self._token, self._deadline = url, name, token, deadline
        # pyspark's types are not good enough for a strict type checker.
        self._client: Any = None
        self._is_open = False
        self._is_late = False
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """The server's address, without parameters."""
        return self._url.partition("/;")[0]

    def asked(self, rows: Callable[[Any], Iterator[T]]) -> Iterator[T]:
        """Run a query and yield its rows; the time spent waiting for them is within the deadline.

        Args:
            rows: given pyspark's session, runs the query and returns its rows.

        Raises:
            TooLate: the server was waited for too long.
            Exception: one of `failures`.
            AmlError: the server is of a version that is not supported.
        """
        left = self._deadline
        self._is_open = True
        try:
            found: Iterator[T] | None = None
            while True:
                started = time.monotonic()
                with self._no_longer_than(left):
                    if found is None:
                        found = rows(self._connected())
                    row = next(found, None)
                left -= time.monotonic() - started
                if row is None:
                    break
                yield row
        except failures():
            self._is_open = False
            if self._is_late:
                raise TooLate from None
            raise
        self._is_open = False

    def close(self) -> None:
        """End a query that was not read to its end, and release the session."""
        if self._client is None:
            return
        if self._is_open:
            self._interrupt()
        with suppress(*failures()):
            _release(self._client.client)
        with suppress(*failures()):
            self._client.client.close()
        self._client, self._is_open = None, False

    def _connected(self) -> Any:
        """The session of pyspark; the first call opens it and ends queries that were left in it."""
        if self._client is not None:
            return self._client
        with _a_program_of_a_file():
            from pyspark.sql.connect.client.retries import DefaultPolicy
            from pyspark.sql.connect.session import SparkSession as Client

        for number in range(_IDS):
            client: Any = Client.builder.remote(self._parameters(number)).create()
            self._client = client  # from here on, the timer's thread can close it
            policy = DefaultPolicy(max_retries=_TRIES, max_backoff=_LONGEST_WAIT)
            client.client.set_retry_policies([policy])
            try:
                left = client.interruptAll()
            except failures() as error:
                if "SESSION_CLOSED" not in str(getattr(error, "getCondition", lambda: "")()):
                    raise
                client.client.close()
                continue
            if left:
                _log.warning("%d queries of this day that were left in Spark were ended", len(left))
            _refuse_other_version(client.version, self.address)
            for name, value in SESSION.items():
                client.conf.set(name, value)
            return client
        raise ValueError("no id of a session is free")

    def _parameters(self, number: int) -> str:
        """The address with the id of our session, the token and the user."""
        digest = hashlib.sha256(f"{self._name}\n{number}".encode()).digest()
        given = self._url if "/;" in self._url else f"{self._url.rstrip('/')}/"
        ours = {"session_id": str(uuid.UUID(bytes=digest[:16], version=4))}
        if self._token:
            ours["token"] = self._token
        if ";user_id=" not in self._url:
            ours["user_id"] = "aml_assets"  # a session is found only by the user that opened it
        return given + "".join(f";{name}={quote(value, safe='')}" for name, value in ours.items())

    @contextmanager
    def _no_longer_than(self, seconds: float) -> Generator[None]:
        """End the session's queries and close its channel if the block takes longer."""
        is_over = False

        def give_up() -> None:
            with self._lock:
                if is_over:
                    return
                self._is_late = True
            self._interrupt()
            with suppress(*failures()):
                self._client.client.close()  # so the block no longer waits for an answer

        timer = threading.Timer(max(seconds, 0.0), give_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            with self._lock:
                is_over = True
            timer.cancel()

    def _interrupt(self) -> None:
        """Ask the server to end our session's queries, and wait for its answer for `_GRACE`."""

        def interrupt() -> None:
            with suppress(*failures(), AttributeError):  # nothing was opened
                self._client.interruptAll()

        thread = threading.Thread(target=interrupt, daemon=True)
        thread.start()
        thread.join(_GRACE)


def failures() -> tuple[type[Exception], ...]:
    """The exceptions that Spark's client raises; of a closed channel, a ValueError."""
    import grpc
    from pyspark.errors import PySparkException

    return PySparkException, grpc.RpcError, pa.ArrowException, OSError, ValueError


def _release(client: Any) -> None:
    """Close the session on the server, so that its id can be opened again."""
    from pyspark.sql.connect.proto import ReleaseSessionRequest

    request = ReleaseSessionRequest(session_id=client._session_id, allow_reconnect=True)
    if client._user_id:
        request.user_context.user_id = client._user_id
    client._stub.ReleaseSession(request, metadata=client._builder.metadata(), timeout=_GRACE)


def _refuse_other_version(version: str, address: str) -> None:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _VERSION or numbers[0] != _VERSION[0]:
        raise AmlError(
            f"Spark at {address} is of version {version}, in which our SQL may mean something else",
            remedy="Run a Spark Connect server of version 4.2 or newer, and below 5.",
        )


@contextmanager
def _a_program_of_a_file() -> Generator[None]:
    """Give the main module a ``__file__`` while pyspark is imported, and silence pyspark for good.

    pyspark takes a main module without a file, as a spawned process has it, for a run of its own
    tests, and ends the process. Its logs say why a query failed, with a row's values.
    """
    for name in ("SQLQueryContextLogger", "pyspark.sql.connect.logging"):
        logging.getLogger(name).disabled = True
    warnings.filterwarnings("ignore", module="pyspark")
    main = sys.modules["__main__"]
    named = hasattr(main, "__file__")
    if not named:
        main.__file__ = __file__
    try:
        yield
    finally:
        if not named:
            del main.__file__
