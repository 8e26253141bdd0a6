from email import message_from_bytes, policy

import pytest

from notifications.adapters.mime import mail_address, mime_bytes
from notifications.domain.mail import RenderedMail

SENDER = "Soko <no-reply@soko.example>"


def read_back(mail: RenderedMail):
    raw = mime_bytes(SENDER, "buyer@soko.example", mail, "<0193-aa@soko.example>")
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return message_from_bytes(raw, policy=policy.default)


def test_a_mail_reads_back_as_it_was_written():
    mail = RenderedMail("تم تأكيد الطلب 4821-7730-1 " * 4, "text ✓\n" * 99, "<p>é</p>", "ar")
    message = read_back(mail)
    assert message.get_content_type() == "multipart/alternative"
    assert message["Subject"].strip() == mail.subject.strip()
    assert message["From"] == SENDER
    assert message["To"] == "buyer@soko.example"
    assert message["Message-ID"] == "<0193-aa@soko.example>"
    assert message["Content-Language"] == "ar"
    assert message.defects == []
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content_type() == "text/html"
    assert html.get_content().rstrip("\n") == mail.html


def test_a_subject_cannot_add_headers():
    mail = RenderedMail("Hi\r\nBcc: all@soko.example", "", "", "en")
    with pytest.raises(ValueError, match="one line"):
        mime_bytes(SENDER, "buyer@soko.example", mail, "<a@soko.example>")


@pytest.mark.parametrize(
    "address",
    ["", "x", "a@b\r\nBcc: c@d", "a b@c", "<a@b>", "a@b,c@d", "a\0@b", "émile@soko.example", "@b"],
)
def test_an_address_that_could_break_out_is_refused(address):
    with pytest.raises(ValueError):
        mail_address(address)


def test_a_domain_in_other_letters_is_sent_in_ascii():
    assert mail_address("a+b@bücher.example") == "a+b@xn--bcher-kva.example"
