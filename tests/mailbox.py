"""A mail gateway that keeps what it is given: a real SMTP server on this machine."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy import processes


@dataclass
class Mailbox:
    """
    What was sent, by whom it is for; addresses in `refuses` are not taken.

    It has no slots: aiosmtpd looks at all its members, and Python 3.11.2, which is Debian's, stumbles over theirs.
    """

    port: int
    refuses: set[str] = field(default_factory=set[str])
    letters: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Address and text, in the order they came."""

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd looks for
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address in self.refuses:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        """Keep a message."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.letters += [(address, message.get_content()) for address in envelope.rcpt_tos]
        return "250 OK"


@contextmanager
def mailbox() -> Generator[Mailbox]:
    """Yield a mailbox that takes mail."""
    box = Mailbox(processes.free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
