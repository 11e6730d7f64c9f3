"""What went wrong with the mail server is said in sentences, not in the names of errors."""

import smtplib
import socket
import ssl

import pytest

from orgo.delivery.email.courier import SmtpServer, _said

SERVER = SmtpServer("mx.city.example", 587, "starttls", "orgo@city.example")
REVOKED = ssl.SSLCertVerificationError(1, "certificate verify failed")
REVOKED.verify_message = "certificate has expired"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the name mx.city.example can't be found"),
        (ConnectionRefusedError(111, "Connection refused"), "nobody takes mail at mx.city.example:587"),
        (TimeoutError("timed out"), "mx.city.example:587 did not answer in time"),
        (ConnectionResetError(104, "reset by peer"), "mx.city.example:587 ended the connection"),
        (smtplib.SMTPServerDisconnected("closed"), "mx.city.example:587 ended the connection"),
        (REVOKED, "the certificate of mx.city.example:587 is not believed: certificate has expired"),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 No"), "535 5.7.8 No"),
        (smtplib.SMTPException("No suitable way"), "mx.city.example:587 can't be used: No suitable way"),
    ],
)
def test_an_error_is_a_sentence(error: Exception, words: str) -> None:
    assert _said(error, SERVER) == words


def test_the_server_is_named_as_people_write_it() -> None:
    assert repr(SERVER) == "mx.city.example:587"
