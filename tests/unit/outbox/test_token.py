"""Signed reply addresses and Message-IDs: found again, and worth nothing to anybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib import ids
from orgo.outbox.token import Claim, Signer, claim_of_address, claim_of_message_id, masked

SIGNER = Signer(b"k" * 32)
ANNA = "anna@city.example"
references = st.text(alphabet=ids.CROCKFORD, min_size=6, max_size=6)


@given(references)
def test_a_reply_address_finds_its_task_and_holds_for_its_recipient_only(reference: str) -> None:
    claim = claim_of_address(SIGNER.reply_address("orgo@city.example", reference, ANNA))

    assert claim is not None and claim.reference == reference
    assert SIGNER.holds(claim, ANNA) and SIGNER.holds(claim, ANNA.upper())
    assert not SIGNER.holds(claim, "ben@city.example")


def test_a_reply_address_survives_a_server_that_lowers_or_raises_case() -> None:
    address = SIGNER.reply_address("orgo@city.example", "7QK3MD", ANNA)

    for changed in (address.upper(), address.lower(), address.title()):
        claim = claim_of_address(changed)
        assert claim is not None and SIGNER.holds(claim, ANNA)


@given(references, st.integers(1, 2**63))
def test_a_message_id_names_the_letter_and_is_signed(reference: str, letter: int) -> None:
    claim = claim_of_message_id(SIGNER.message_id(reference, letter, ANNA, "city.example"))

    assert claim is not None and (claim.reference, claim.letter) == (reference, letter)
    assert SIGNER.holds(claim, ANNA)


def test_a_token_of_one_purpose_task_or_key_is_none_of_another() -> None:
    claim = Claim("7QK3MD", SIGNER.sign("reply", "7QK3MD", ANNA), "reply")

    assert SIGNER.holds(claim, ANNA)
    assert not SIGNER.holds(Claim("7QK3MD", claim.signature, "mid"), ANNA)
    assert not SIGNER.holds(Claim("7QK3ME", claim.signature, "reply"), ANNA)
    assert not Signer(b"x" * 32).holds(claim, ANNA)


def test_a_former_key_is_good_until_it_is_removed_and_signs_nothing() -> None:
    new, old = b"n" * 32, b"o" * 32
    claim = Claim("7QK3MD", Signer(old).sign("reply", "7QK3MD", ANNA), "reply")

    assert Signer(new, old).holds(claim, ANNA)
    assert not Signer(new, old).holds(claim, "ben@city.example")
    assert not Signer(new).holds(claim, ANNA)
    assert Signer(new, old).sign("reply", "7QK3MD", ANNA) == Signer(new).sign("reply", "7QK3MD", ANNA)


def test_what_is_signed_has_a_version_and_letters_of_the_first_one_stay_good() -> None:
    first = ids.sign(b"k" * 32, "reply", "7QK3MD", ANNA)

    assert SIGNER.sign("reply", "7QK3MD", ANNA) == ids.sign(b"k" * 32, "v2", "reply", "7QK3MD", ANNA) != first
    assert SIGNER.holds(Claim("7QK3MD", first, "reply"), ANNA)


@pytest.mark.parametrize(
    "address",
    ["orgo@city.example", "orgo+7QK3MD@city.example", "orgo+7QK3MD.short@city.example", "a+b+c@x", "+@", ""],
)
def test_an_address_without_a_whole_tag_claims_nothing(address: str) -> None:
    assert claim_of_address(address) is None


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    claim_of_address(text)
    assert claim_of_message_id(text) is None or text.strip().startswith("<")


@pytest.mark.parametrize(
    "form",
    [
        "https://x.example/tasks/7QK3MD/take?for=leo%40x.example&sig={}",
        "href=3D'?for=3Dleo&sig=3D{}'",
        "safelinks.example/?url=https%3A%2F%2Fx.example%2Ftake%3Fsig%3D{}&data=1",
        "To: orgo+7qk3md.{}@x.example",
        "mailto:orgo%2B7qk3md.{}%40x.example",
        "In-Reply-To: <7qk3md.123456789.{}@x.example>",
    ],
)
def test_what_is_signed_is_masked_in_every_form_that_mail_gives_it(form: str) -> None:
    signature = Signer(b"key").sign("take", "7QK3MD", "leo@x.example")
    broken = (
        signature[:12] + "=\n" + signature[12:],
        signature[:9] + "\r\n> " + signature[9:],
        signature.upper(),
    )

    for written in (signature, *broken):
        shown = masked(form.format(written))
        assert "…" in shown and written not in shown and signature[-10:] not in shown.lower()
        assert shown.startswith(
            form.partition("{}")[0].removesuffix("sig=").removesuffix("sig=3D").removesuffix("sig%3D")
        )


@pytest.mark.parametrize(
    "text",
    ["sig=short", "a.b@x.example", "see www.example.com", "f.abcdefghijklmnop@x.example", "sig = 1\n> x@y.z"],
)
def test_what_is_not_signed_stays_as_it_is(text: str) -> None:
    assert masked(text) == text
