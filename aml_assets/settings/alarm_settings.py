"""Who is told when a night goes wrong, and how, as settings.

Belongs here: kinds of alarms, the mail server, the webhook, and what contradicts what in them.
Does not belong here: composing or sending (``alarms.py``), noticing (``alarm_sensors.py``). The
password and a webhook's URL that holds a secret are read from the environment when they are used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo

from aml_assets.settings.section import Section

PASSWORD_VARIABLE = "AML_SMTP_PASSWORD"
"""Names the mail server's password, which is no setting."""

WEBHOOK_VARIABLE = "AML_WEBHOOK_URL"
"""Names the webhook where its URL holds a secret, as those of chat programs do."""

Kind = Literal["run_failure", "missed_deadline", "failed_check", "old_model", "retry"]
KINDS: tuple[Kind, ...] = ("run_failure", "missed_deadline", "failed_check", "old_model", "retry")
"""All kinds, the worst first."""

Address = Annotated[str, Field(pattern=r"^[!-~]+@[!-~]+$", max_length=254)]
"""One bare mail address: no name, no list, nothing that could become a header."""


class MailSettings(Section):
    """The mail server; without ``host`` there are no mails.

    ``security``: ``starttls`` (port 587), ``tls`` from the first byte (465), or ``none`` (25).
    ``ca_file`` is what the server's certificate is checked against, else the system's
    authorities. ``user`` logs in, with the password in ``AML_SMTP_PASSWORD``.
    """

    host: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str | None = None
    user: str | None = None
    sender: Address | None = None
    recipients: list[Address] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.host is None:
            fields = type(self).model_fields
            given = sorted(
                n for n in self.model_fields_set if getattr(self, n) != _default(fields[n])
            )
            if given:
                raise ValueError(f"{', '.join(given)} need host: the mail server")
            return self
        if not (self.sender and self.recipients):
            raise ValueError("host needs sender and recipients")
        if self.security == "none":
            if self.ca_file:
                raise ValueError("ca_file goes with security: starttls or tls")
            if self.user and not is_loopback(self.host):
                raise ValueError("a login over security: none would show the password to the net")
        return self

    @property
    def port_used(self) -> int:
        """The port given, or the usual one."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]


class WebhookSettings(Section):
    """Where alarms are posted as JSON: ``url``, or ``AML_WEBHOOK_URL`` where it holds a secret."""

    url: str | None = None
    ca_file: str | None = None

    @model_validator(mode="after")
    def _url_is_safe(self) -> Self:
        if self.url is not None and (problem := url_problem(self.url)):
            raise ValueError(f"url {problem}")
        return self


class AlarmSettings(Section):
    """Which kinds of alarms are sent, and where to.

    ``ui_url`` is the address under which people reach the Dagster UI, for the links. A message
    that is not taken within ``timeout_seconds`` has failed, and is sent again with the next tick.
    """

    kinds: list[Kind] = Field(default_factory=lambda: list(KINDS))
    ui_url: str = "http://127.0.0.1:3000"
    # A sensor's tick may take a minute, whatever it does beside sending.
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 20.0
    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()

    @model_validator(mode="after")
    def _links_can_be_opened(self) -> Self:
        parts = _split(self.ui_url)
        if parts is None or parts[0] not in ("http", "https") or not self.ui_url.isprintable():
            raise ValueError("ui_url must begin with http:// or https:// and a host")
        return self

    def with_paths(self, absolute: Callable[[str], str]) -> Self:
        """The same, its files made absolute."""
        update: dict[str, Section] = {}
        for name in ("mail", "webhook"):
            section = getattr(self, name)
            if section.ca_file:
                ca_file = absolute(section.ca_file)
                update[name] = section.model_copy(update={"ca_file": ca_file})
        return self.model_copy(update=update)


def _default(field: FieldInfo) -> object:
    return field.get_default(call_default_factory=True)


def url_problem(url: str) -> str | None:
    """What is wrong with a webhook's URL, without quoting it: it may hold a secret."""
    parts = _split(url)
    if parts is None:
        return "is no URL"
    scheme, host = parts
    if scheme == "https" or (scheme == "http" and is_loopback(host)):
        return None
    return "must begin with https:// (http:// on this machine only)"


def is_loopback(host: str) -> bool:
    """Whether a host, by its name, is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return (parts.scheme, host) if parts.scheme and host else None
