"""A real mail server and a real webhook on loopback, which keep what they get.

Belongs here: starting and stopping them, and making them behave badly. Does not belong here:
expectations.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import http.server
import json
import secrets
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from aml_assets_tests.hadoop.tls import Authority
from aml_assets_tests.ports import free_port

USER = "aml-robot"
SENDER = "aml@bank.example"
RECIPIENTS = ["night@bank.example", "team@bank.example"]


@dataclass
class Postbox:
    """A mail server's behaviour, and what it has taken.

    Args:
        refuse: recipients it does not know.
        reply: its answer to a whole message.
        delay: seconds before that answer.
    """

    refuse: tuple[str, ...] = ()
    reply: str = "250 OK"
    delay: float = 0.0
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)

    @property
    def mail(self) -> EmailMessage:
        """The only mail."""
        (mail,) = self.mails
        return mail

    @property
    def text(self) -> str:
        """Subject and text of the only mail."""
        content = self.mail.get_content().replace("\r\n", "\n")
        return f"{self.mail['Subject']}\n{content}"


class _Handler:
    def __init__(self, box: Postbox) -> None:
        self._box = box

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._box.refuse:
            return "550 5.1.1 no such person here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self._box.delay)
        if self._box.reply.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            mail = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            self._box.mails.append(mail)
            self._box.recipients.append(list(envelope.rcpt_tos))
            assert server.transport is not None
            secure = server.transport.get_extra_info("sslcontext") is not None
            self._box.encrypted.append(secure)
            login: Any = session.auth_data
            self._box.logins.append(login.login.decode() if login else None)
        return self._box.reply


@dataclass(frozen=True)
class Certificates:
    """An authority for ``localhost``, and a server's key under it."""

    ca_file: Path
    server: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path) -> Certificates:
        authority = Authority.make(folder)
        password = folder / "password"
        password.write_text(secrets.token_urlsafe(16))
        authority.keystore(folder / "server.p12", password, ("DNS:localhost",))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        return cls(authority.certificate, context)


@contextmanager
def mail_server(
    box: Postbox,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    password: str | None = None,
) -> Generator[Postbox]:
    """Serve on a free port of loopback; with a password, nobody sends without a login."""

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and (
            (data.login, data.password) == (USER.encode(), (password or "").encode())
        )
        return AuthResult(success=right, handled=right, auth_data=data if right else None)

    box.port = free_port()
    controller = Controller(
        _Handler(box),
        hostname="127.0.0.1",
        port=box.port,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=authenticate,
        auth_required=password is not None,
        auth_require_tls=starttls is not None,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Hook:
    """A webhook's behaviour, and what it has taken."""

    status: int = 200
    delay: float = 0.0
    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens; the path is a secret, as with chat programs."""
        return f"http://127.0.0.1:{self.port}/hooks/s3cr3t"


@contextmanager
def webhook(hook: Hook) -> Generator[Hook]:
    """Serve on a free port of loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(hook.delay)
            if hook.status < 300:
                assert self.headers["Content-Type"] == "application/json"
                hook.bodies.append(json.loads(body))
            self.send_response(hook.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def alarm_settings(box: Postbox | None = None, hook: Hook | None = None, **mail: Any) -> Any:
    """The ``alarms`` section for these servers."""
    settings: dict[str, Any] = {"ui_url": "https://dagster.bank.example/", "timeout_seconds": 10}
    if box is not None:
        settings["mail"] = {
            "host": "localhost",
            "port": box.port,
            "security": "none",
            "sender": SENDER,
            "recipients": RECIPIENTS,
            **mail,
        }
    if hook is not None:
        settings["webhook"] = {"url": hook.url}
    return settings
