"""What reaches people outside: mail."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

import aiosmtplib
from pydantic import SecretStr

from services.scheduling.commands.fields import MAIL_ADDRESS
from services.scheduling.settings import MailSecurity
from shared import logs

log = logs.get(__name__)

_SENT_WITHIN_SECONDS = 20.0


class Mail(Protocol):
    """Sends a message now, once, or not at all."""

    async def send(self, *, to: str, subject: str, text: str) -> bool:
        """Send *text*; False if it was not taken. Nothing of it is kept, logged or tried again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """Mail by SMTP, handed to the region's own gateway."""

    host: str
    port: int
    sender: str
    security: MailSecurity
    user: str | None = None
    password: SecretStr | None = None

    async def send(self, *, to: str, subject: str, text: str) -> bool:
        """Send *text*; False if the gateway did not take it, or if *to* is not one address."""
        if not MAIL_ADDRESS.fullmatch(to):
            log.warning("mail_not_sent", error="NoMailAddress")
            return False
        try:
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = self.sender, to, subject
            message.set_content(text)
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password.get_secret_value() if self.password else None,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                timeout=_SENT_WITHIN_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as trouble:
            log.warning("mail_not_sent", error=type(trouble).__name__)  # its words may name whom it was for
            return False
        return True
