"""Sending alarms: by a mail server, to a webhook, into a log.

Belongs here: connecting, logging in, and naming what went wrong. Does not belong here: what an
alarm says (``message``), or when it is sent again (``alarm_sensors``). Whatever goes wrong is one
``AlarmError``, without the other side's text, the password or the webhook's URL in it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import smtplib
import socket
import ssl
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import urlsplit

from aml_assets.automation.alarms.message import Alarm, Message, compose
from aml_assets.core.language import Language
from aml_assets.errors import AlarmError
from aml_assets.io.filesystems.deadline import Calls, DeadlineError
from aml_assets.settings.alarm_settings import (
    PASSWORD_VARIABLE,
    WEBHOOK_VARIABLE,
    AlarmSettings,
    MailSettings,
    is_loopback,
    url_problem,
)
from aml_assets.settings.page_settings import LanguageCode

MAIL, WEBHOOK, LOG = "mail", "webhook", "log"

log = logging.getLogger("aml_assets.alarms")
"""The logger that gets each alarm where no channel is configured."""

_SEVEN_BITS = policy.default.clone(cte_type="7bit")
"""Every server on the way takes such a mail; letters beyond ASCII are encoded."""

_GOODBYE = 2.0
"""Seconds to wait for the answer to QUIT: the message is delivered by then."""


def channels(settings: AlarmSettings) -> list[str]:
    """Names of the configured channels; the log alone where there are none.

    The mails in each language of recipients are a channel of their own: if one channel fails, the
    message is sent again through that one alone.
    """
    found = [
        MAIL if language == settings.language else f"{MAIL}_{language}"
        for language in _recipients(settings)
    ]
    if settings.webhook.url or os.environ.get(WEBHOOK_VARIABLE):
        found.append(WEBHOOK)
    return found or [LOG]


def _recipients(settings: AlarmSettings) -> dict[LanguageCode, list[str]]:
    """The addresses of those who get mails in each language; none without a mail server."""
    mail = settings.mail
    return mail.recipients_by_language(settings.language) if mail.host else {}


def send(
    settings: AlarmSettings, alarms: Sequence[Alarm], only: Sequence[str] | None = None
) -> None:
    """Send alarms of the wanted kinds as one message through every channel.

    Args:
        settings: the channels, and the kinds that are wanted.
        alarms: what to send; none is fine.
        only: the channels to use, such as those that failed before; all by default.

    Raises:
        AlarmError: a channel did not take the message; the others were tried all the same.
    """
    wanted = [alarm for alarm in alarms if alarm.kind in settings.kinds]
    if not wanted:
        return
    delivered: list[str] = []
    problems: list[AlarmError] = []
    for channel in only if only is not None else channels(settings):
        try:
            _deliver(settings, channel, wanted)
            delivered.append(channel)
        except AlarmError as error:
            problems.append(error)
    if problems:
        raise AlarmError(
            "; ".join(error.what for error in problems),
            delivered=tuple(delivered),
            remedy=problems[0].remedy,
        )


def _deliver(settings: AlarmSettings, channel: str, alarms: Sequence[Alarm]) -> None:
    """Send alarms through one channel, in the language that is read there.

    Raises:
        AlarmError: it did not take the message.
    """
    if channel == LOG:
        _log(compose(alarms, settings.ui_url))
        return
    usual = compose(alarms, settings.ui_url, Language(settings.language))
    if channel == WEBHOOK:
        _post(settings, usual)
        return
    for language, addresses in _recipients(settings).items():
        if channel == MAIL and language == settings.language:
            _mail(settings, usual, addresses)
        elif channel == f"{MAIL}_{language}":
            _mail(settings, compose(alarms, settings.ui_url, Language(language)), addresses)


def as_mail(settings: MailSettings, message: Message, addresses: Sequence[str]) -> EmailMessage:
    """The message as a mail: plain text, marked as automatic so that no absence notice answers."""
    mail = EmailMessage(policy=_SEVEN_BITS)
    mail["Subject"] = message.subject
    mail["From"] = settings.sender
    mail["To"] = ", ".join(addresses)
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{message.id}@{(settings.sender or '').rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _mail(settings: AlarmSettings, message: Message, addresses: Sequence[str]) -> None:
    """Send a message by mail to some addresses.

    Raises:
        AlarmError: nobody got it.
    """
    mail = settings.mail
    where = f"mail by {mail.host}:{mail.port_used}"
    password = os.environ.get(PASSWORD_VARIABLE)
    if mail.user and not password:
        raise AlarmError(
            f"{where}: alarms.mail.user is set, and {PASSWORD_VARIABLE} is not",
            remedy="Set it where the code server or the daemon runs, or remove the user.",
        )
    session = _SmtpSession(settings, password or "")
    problem = ""
    refused: dict[str, tuple[int, bytes]] = {}
    try:
        refused = Calls(settings.timeout_seconds)(lambda: session.send(message, addresses))
    except DeadlineError as error:
        session.abandon()
        problem = str(error)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        problem = _mail_problem(error)
    if problem:  # raised here, outside of any handler: the cause may hold the password
        raise AlarmError(f"{where}: {problem}", remedy="See Alarms in docs/configuration.md.")
    for address, (code, _) in refused.items():
        # The other recipients have the mail, and must not get it twice: this is logged, no error.
        log.error("%s: the server refused the recipient %s (%s)", where, address, code)


class _SmtpSession:
    """One SMTP session, which can be broken off from another thread."""

    def __init__(self, settings: AlarmSettings, password: str) -> None:
        self._mail = settings.mail
        self._seconds = settings.timeout_seconds
        self._password = password
        self._client: smtplib.SMTP | None = None
        self._abandoned = False

    def send(self, message: Message, addresses: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Deliver the message to some addresses.

        Returns:
            Each refused recipient with the server's code and text, if others were accepted.
        """
        mail = self._mail
        self._client = client = self._connect()
        try:
            if self._abandoned:
                raise TimeoutError
            if mail.security == "starttls":
                client.starttls(context=_context(mail.ca_file))
            if mail.user:
                client.login(mail.user, self._password)
            refused = client.send_message(
                as_mail(mail, message, addresses), from_addr=mail.sender, to_addrs=addresses
            )
        except BaseException:
            client.close()
            raise
        # The server has the message: a failing QUIT must not make us send it again.
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if client.sock is not None:
                client.sock.settimeout(_GOODBYE)
            client.quit()
        client.close()
        return refused

    def abandon(self) -> None:
        """Break off, so that a thread that was given up cannot deliver late."""
        self._abandoned = True
        if self._client is not None and self._client.sock is not None:
            with contextlib.suppress(OSError):
                self._client.sock.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> smtplib.SMTP:
        mail = self._mail
        # The machine's own name: smtplib's default asks a name server, which may not answer.
        name = socket.gethostname() or "localhost"
        if mail.security == "tls":
            return smtplib.SMTP_SSL(
                mail.host or "",
                mail.port_used,
                local_hostname=name,
                timeout=self._seconds,
                context=_context(mail.ca_file),
            )
        return smtplib.SMTP(
            mail.host or "", mail.port_used, local_hostname=name, timeout=self._seconds
        )


def _context(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _mail_problem(error: Exception) -> str:
    """Name what went wrong by the error's kind: its text is the server's and may quote anything."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"the server refused the login ({error.smtp_code})"
        case smtplib.SMTPSenderRefused():
            return f"the server refused the sender ({error.smtp_code})"
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({str(code) for code, _ in error.recipients.values()})
            return f"the server refused every recipient ({', '.join(codes)})"
        case smtplib.SMTPDataError():
            return f"the server refused the message ({error.smtp_code})"
        case smtplib.SMTPResponseException():
            return f"the server answered {error.smtp_code}"
        case smtplib.SMTPNotSupportedError():
            return "the server does not offer what alarms.mail asks for (STARTTLS or a login)"
        case smtplib.SMTPServerDisconnected():
            return "the server hung up"
        case UnicodeError():
            return f"alarms.mail.user and {PASSWORD_VARIABLE} must be ASCII"
        case _:
            return _network_problem(error)


def _network_problem(error: Exception) -> str:
    """Name what went wrong below SMTP, by the error's kind."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted ({error.verify_message})"
        case ssl.SSLError():
            return f"TLS failed ({error.reason or type(error).__name__})"
        case TimeoutError():
            return "no answer in time"
        case socket.gaierror():
            return "the host's name is not known"
        case FileNotFoundError() | PermissionError():
            return "its ca_file cannot be read"
        case OSError() if error.errno:
            return os.strerror(error.errno).lower()
        case _:
            return type(error).__name__


def _post(settings: AlarmSettings, message: Message) -> None:
    """Send a message to the webhook.

    Raises:
        AlarmError: it did not take it.
    """
    url = os.environ.get(WEBHOOK_VARIABLE) or settings.webhook.url or ""
    if problem := url_problem(url):
        raise AlarmError(f"webhook: {WEBHOOK_VARIABLE} {problem}", remedy="Correct it.")
    problem = _post_problem(settings, url, message)
    if problem:  # raised here, outside of any handler: the cause's text holds the URL
        host = urlsplit(url).hostname
        raise AlarmError(f"webhook at {host}: {problem}", remedy="Look there, or correct its URL.")


def _post_problem(settings: AlarmSettings, url: str, message: Message) -> str:
    """Post the message, and tell by the error's kind what went wrong; empty if it was taken."""
    import requests

    try:
        status = Calls(settings.timeout_seconds)(lambda: _status_of_post(settings, url, message))
    except DeadlineError as error:
        return str(error)
    except requests.exceptions.SSLError:
        return "TLS failed, or the server's certificate is not trusted"
    except requests.exceptions.Timeout:
        return "no answer in time"
    except requests.exceptions.ConnectionError:
        return "no connection"
    except requests.RequestException as error:
        return type(error).__name__
    except OSError:  # the text that requests gives it quotes the path
        return "its ca_file cannot be read"
    return "" if 200 <= status < 300 else f"the server answered {status}"


def _status_of_post(settings: AlarmSettings, url: str, message: Message) -> int:
    """Post the message as JSON; returns the HTTP status of the answer."""
    import requests

    # `text` is what chat programs show.
    text = f"{message.subject}\n\n{message.text}"
    body = {**message.payload, "id": message.id, "subject": message.subject, "text": text}
    with requests.Session() as session:
        # A proxy of the environment must not get what is for this machine.
        session.trust_env = not is_loopback(urlsplit(url).hostname or "")
        with session.post(
            url,
            json=body,
            timeout=settings.timeout_seconds,
            verify=settings.webhook.ca_file or True,
            allow_redirects=False,  # a redirect leads anywhere, and turns the POST into a GET
            stream=True,
        ) as answer:
            return answer.status_code


def _log(message: Message) -> None:
    """Write each alarm of a message as a line of the log."""
    for alarm in message.payload["alarms"]:
        log.warning("%s: %s", alarm["title"], "; ".join(alarm["sentences"]) or alarm["link"])
    if more := sum(message.payload["counts"].values()) - len(message.payload["alarms"]):
        log.warning("and %s more alarms", more)
