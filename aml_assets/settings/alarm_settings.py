"""Alarms as settings: the kinds that are sent, the mail server and the webhook.

Belongs here: kinds of alarms, where they are sent, and contradictions between these settings.
Does not belong here: finding, composing or sending alarms (``automation.alarms``). The mail
password, and a webhook's URL that holds a secret, are read from the environment when they are
used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo

from aml_assets.settings.page_settings import LanguageCode
from aml_assets.settings.section import Section
from aml_assets.settings.urls import Url

PASSWORD_VARIABLE = "AML_SMTP_PASSWORD"
"""Environment variable with the mail server's password, which is no setting."""

WEBHOOK_VARIABLE = "AML_WEBHOOK_URL"
"""Environment variable with the webhook's URL where it holds a secret, as chat programs' do."""

Kind = Literal[
    "run_failure",
    "missed_deadline",
    "failed_check",
    "failed_gate",
    "old_model",
    "old_champion",
    "drift",
    "retry",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""All kinds of alarms, the worst first."""

Address = Annotated[str, Field(pattern=r"^[!-~]+@[!-~]+$", max_length=254)]
"""One bare mail address: neither a name nor a list, and nothing that could become a header."""


class Recipient(Section):
    """Somebody who gets mails: ``address``, and ``language`` unless it is that of all alarms."""

    address: Address
    language: LanguageCode


class MailSettings(Section):
    """The mail server; without ``host`` no mails are sent.

    ``security``: ``starttls`` (port 587), ``tls`` from the first byte (465), or ``none`` (25).
    ``ca_file`` (default: the system's): the authorities against which the server's certificate is
    checked. ``user``: name of the login, with the password in ``AML_SMTP_PASSWORD``.
    ``recipients``: addresses; one that reads another language than ``alarms.language`` as
    ``{address: …, language: …}``.
    """

    host: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Url | None = None
    user: str | None = None
    sender: Address | None = None
    recipients: list[Address | Recipient] = Field(default_factory=list)

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
        """The given port, or the usual one of ``security``."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]

    def recipients_by_language(self, usual: LanguageCode) -> dict[LanguageCode, list[str]]:
        """The addresses of those who read each language.

        Args:
            usual: the language of those who name none; it comes first.
        """
        found: dict[LanguageCode, list[str]] = {usual: []}
        for each in self.recipients:
            named = isinstance(each, Recipient)
            language, address = (each.language, each.address) if named else (usual, each)
            found.setdefault(language, []).append(address)
        return {language: addresses for language, addresses in found.items() if addresses}


class WebhookSettings(Section):
    """Receiver of alarms posted as JSON: ``url``, or ``AML_WEBHOOK_URL`` if the URL is secret."""

    url: str | None = None
    ca_file: Url | None = None

    @model_validator(mode="after")
    def _url_is_safe(self) -> Self:
        if self.url is not None and (problem := url_problem(self.url)):
            raise ValueError(f"url {problem}")
        return self


class AlarmSettings(Section):
    """The kinds of alarms that are sent, and their receivers.

    ``ui_url``: the address under which people reach the Dagster UI, for links. A message that is
    not accepted within ``timeout_seconds`` has failed and is sent again on the next tick.
    ``language``: of the webhook's messages, and of mails to recipients who name no other.
    ``champion_days``: the age in days beyond which each night that a champion scores is an alarm.
    """

    kinds: list[Kind] = Field(default_factory=lambda: list(KINDS))
    ui_url: str = "http://127.0.0.1:3000"
    # Dagster ends a sensor's tick after a minute, and sending is only a part of the tick.
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 20.0
    language: LanguageCode = "en"
    champion_days: Annotated[int, Field(ge=1)] = 92
    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()

    @model_validator(mode="after")
    def _links_can_be_opened(self) -> Self:
        parts = _split(self.ui_url)
        if parts is None or parts[0] not in ("http", "https") or not self.ui_url.isprintable():
            raise ValueError("ui_url must begin with http:// or https:// and a host")
        return self

    def with_paths(self, absolute: Callable[[str], str]) -> Self:
        """A copy with absolute paths of files.

        Args:
            absolute: makes a path absolute.
        """
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
    """The problem of a webhook's URL, or ``None``; it never quotes the URL, which may be secret."""
    parts = _split(url)
    if parts is None:
        return "is no URL"
    scheme, host = parts
    if scheme == "https" or (scheme == "http" and is_loopback(host)):
        return None
    return "must begin with https:// (http:// on this machine only)"


def is_loopback(host: str) -> bool:
    """``True`` for the names and addresses of this machine itself; nothing is looked up."""
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
