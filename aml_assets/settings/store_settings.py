"""Places of data as settings: the landing, the store, and the connection to HDFS.

Belongs here: URLs, path templates, permissions and connections, and contradictions between
them. Does not belong here: opening any of them (``io``). No secret is a setting: keytab, ticket
cache and token are files, which are named here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from aml_assets.settings.section import Section
from aml_assets.settings.urls import Url


def _digits(value: object) -> object:
    """Permission bits as text, also where YAML read a number since they stand without quotes."""
    return str(value) if type(value) is int else value


Octal = Annotated[str, BeforeValidator(_digits), Field(pattern="^[0-7]{3,4}$")]
"""Permission bits as chmod takes them, e.g. ``640``."""

Seconds = Annotated[float, Field(gt=0)]


Count = Annotated[int, Field(ge=1)]


class LandingLimits(Section):
    """The most that one landed table of one day may be; more is refused, for Parquet undecoded.

    ``rows`` and ``bytes`` are those of all its files together, ``columns``, ``text_bytes`` (the
    longest text) and ``footer_bytes`` those of one file, without the columns that are excluded.
    ``bytes`` are counted as they would lie in memory; a large table is checked on disk, where it
    takes up to three times as much. ``seconds``: how long decoding them may take.
    """

    rows: Count = 100_000_000
    columns: Count = 2_000
    bytes: Count = 16_000_000_000
    text_bytes: Count = 1_000_000
    footer_bytes: Count = 16_000_000
    seconds: Seconds = 900.0


class LandingSettings(Section):
    """The place where the bank's upstream systems leave their tables; it is only read.

    ``limits``: how much one table of one day may be.
    """

    url: Url = "var/landing"
    limits: LandingLimits = LandingLimits()


class StoreSettings(Section):
    """The place, the file names and the permissions of everything that is built.

    ``frames`` to ``model_report`` are path templates: ``{asset}``, ``{date}``, ``{model_id}`` and
    ``{prefix}`` are filled in, and the file's extension is the template's. ``file_permissions``
    and ``folder_permissions`` are set on what is written; existing folders keep theirs.
    ``seal_keys`` names a file of keys (``io.seals``): then each file that we write is sealed by the
    first of them, and what carries a seal by none of them is refused.
    """

    url: Url = "var/store"
    frames: str = "{asset}/{date}/data.parquet"
    model: str = "model/{model_id}.ubj"
    measured_model: str = "measured_model/{model_id}.ubj"
    tuning: str = "tuning/tuning_{date}.json"
    metrics: str = "model_meta/{model_id}.meta.json"
    model_card: str = "model_meta/{model_id}.card.json"
    predictions: str = "predict_res/{prefix}{date}.csv"
    gate: str = "gate/gate_{date}.json"
    shadow: str = "predict_res/shadow_{date}.csv"
    queue: str = "report/queue_{date}.csv"
    alert_report: str = "report/alert_report_{date}.html"
    model_report: str = "report/model_report_{date}.html"
    model_prefix: str = "aml_xgboost"
    predictions_prefix: str = "pred_full_table"
    file_permissions: Octal = "640"
    folder_permissions: Octal = "750"
    seal_keys: Url | None = None

    @model_validator(mode="after")
    def _templates_name_their_partition(self) -> StoreSettings:
        for name, needed, optional in (
            ("frames", ("{asset}", "{date}"), ()),
            ("model", ("{model_id}",), ()),
            ("measured_model", ("{model_id}",), ()),
            ("metrics", ("{model_id}",), ()),
            ("model_card", ("{model_id}",), ()),
            ("tuning", ("{date}",), ()),
            ("predictions", ("{date}",), ("{prefix}",)),
            ("gate", ("{date}",), ()),
            ("shadow", ("{date}",), ()),
            ("queue", ("{date}",), ()),
            ("alert_report", ("{date}",), ()),
            ("model_report", ("{date}",), ()),
        ):
            template = rest = getattr(self, name)
            for part in needed:
                if part not in template:
                    raise ValueError(f"{name} must contain {part}: {template!r}")
            allowed = (*needed, *optional)
            for part in allowed:
                rest = rest.replace(part, "")
            if "{" in rest or "}" in rest:
                raise ValueError(f"{name} may only use {', '.join(allowed)}: {template!r}")
        for one, other in (
            ("model", "metrics"),
            ("model", "measured_model"),
            ("measured_model", "metrics"),
            ("model_card", "metrics"),
            ("model_card", "model"),
            ("model_card", "measured_model"),
            ("alert_report", "model_report"),
        ):
            if getattr(self, one) == getattr(self, other):
                raise ValueError(f"{one} and {other} would be one and the same file")
        return self

    @model_validator(mode="after")
    def _the_owner_keeps_access(self) -> StoreSettings:
        if int(self.file_permissions, 8) & 0o600 != 0o600:
            raise ValueError("file_permissions must let the owner read and write (6 first)")
        if int(self.folder_permissions, 8) & 0o700 != 0o700:
            raise ValueError("folder_permissions must let the owner do all (7 first)")
        return self


class HdfsSettings(Section):
    """The connection for hdfs://, viewfs://, webhdfs:// and swebhdfs:// URLs; see docs/hdfs.md.

    ``authentication``: ``kerberos`` logs in with ``keytab`` and ``principal``, or with a ticket
    cache that is renewed elsewhere; ``token`` sends the delegation token in ``token_file`` over
    WebHDFS; ``insecure`` sends the name ``user``, which the cluster believes. ``ca_file``: the
    authorities against which certificates of swebhdfs:// are checked. ``gateway_path``: the path
    before /webhdfs/v1 behind a Knox gateway. ``timeout_seconds``: deadline of every call.
    ``retry_seconds``: how long a call is repeated after a fault that may pass. ``config_dir``
    (default: HADOOP_CONF_DIR) and ``client``: the Hadoop client's own settings, such as name
    services, for hdfs:// and viewfs://.
    """

    authentication: Literal["kerberos", "token", "insecure"] = "kerberos"
    user: str | None = None
    principal: str | None = None
    keytab: Url | None = None
    ticket_cache: str | None = None
    token_file: Url | None = None
    ca_file: Url | None = None
    gateway_path: str = ""
    timeout_seconds: Seconds = 60.0
    retry_seconds: Annotated[float, Field(ge=0)] = 120.0
    replication: Annotated[int, Field(ge=1)] | None = None
    block_size: Annotated[int, Field(ge=1)] | None = None
    config_dir: Url | None = None
    client: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _credentials_fit(self) -> HdfsSettings:
        for name, needs in (
            ("principal", "kerberos"),
            ("keytab", "kerberos"),
            ("ticket_cache", "kerberos"),
            ("token_file", "token"),
            ("user", "insecure"),
        ):
            if getattr(self, name) is not None and self.authentication != needs:
                raise ValueError(f"{name} goes with authentication: {needs}")
        if (self.keytab or self.ticket_cache) and not self.principal:
            raise ValueError("keytab and ticket_cache need principal: whose they are")
        if self.authentication == "token" and not self.token_file:
            raise ValueError("authentication: token needs token_file")
        return self
