"""What a mailbox's configuration says of its mail: whose it is, whom is believed, which list's mail is work."""

import pytest

from tests.integration.mailbox.conftest import leak

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture
def live(box, office):
    """Makes a live mailbox that the configuration in force has."""
    from orgo.conf import boot

    def made(**more):
        there = box(**more)
        boot.use(office.config.model_copy(update={"mailboxes": (there.account,)}))
        return there.live()

    return made


def one():
    from orgo.intake.models import Mail

    return Mail.objects.get()


def test_what_no_rule_routes_is_the_mailboxs_team(live, office):
    """bad input 48."""
    there = live(team="school")
    there.put(leak(1).replace(b"Water leak", b"A question"))
    there.fetch()
    assert office.task().team == "office@school.example"


def test_the_rules_default_is_not_named_where_the_mailboxs_team_goes_before_it(live, office):
    there = live(team="school")
    there.put(leak(1).replace(b"Water leak", b"A question"))
    there.fetch()
    assert office.task().team == "office@school.example"
    assert one().decision["why"]["en"] == ["No rule wanted it."]


def test_a_rule_routes_mail_of_any_mailbox(live, office):
    there = live(team="school")
    there.put(leak(1))
    there.fetch()
    assert office.task().team == "works@city.example"


@pytest.mark.parametrize(("peer", "trust"), [(b"192.0.2.7", "pass"), (b"203.0.113.9", "none")])
def test_the_mailboxs_own_server_and_relays_are_believed(live, peer, trust):
    there = live(authserv_id="imap.city.example", trusted_relays=["192.0.2.0/24"])
    seen = b"Received: from [192.0.2.1] (mx [%s]) by imap.city.example\r\n" % peer
    there.put(b"Authentication-Results: imap.city.example; dmarc=pass\r\n" + seen + leak(1))
    there.fetch()
    assert one().trust == trust


@pytest.mark.parametrize(
    ("received", "trust"),
    [
        (b"from pc ([10.1.2.3]) by imap.city.example", "internal"),
        (b"from pc [10.1.2.3] (x [203.0.113.9]) by imap.city.example", "none"),
    ],
)
def test_who_wrote_from_our_own_network_is_internal(live, received, trust):
    """As the mailbox's own server wrote, not as the sender called itself."""
    there = live(internal_networks=["10.0.0.0/8"])
    there.put(b"Received: " + received + b"\r\n" + leak(1))
    there.fetch()
    assert one().trust == trust


@pytest.mark.parametrize(("lists", "outcome"), [(["ours.city.example"], "opened"), ([], "ignored")])
def test_mail_of_the_mailboxs_own_list_is_work(live, lists, outcome):
    there = live(lists=lists)
    head = b"List-Id: Our list <ours.city.example>\r\nPrecedence: bulk\r\n"
    there.put(head + leak(1).replace(b"Water leak", b"A question"))
    there.fetch()
    assert there.outcomes() == [outcome]


def test_what_our_own_list_sends_by_itself_is_work_too(live):
    there = live(lists=["ours.city.example"])
    head = b"List-Id: <ours.city.example>\r\nAuto-Submitted: auto-generated\r\n"
    there.put(head + leak(1).replace(b"Water leak", b"A question"))
    there.fetch()
    assert there.outcomes() == ["opened"]


@pytest.mark.parametrize(("head", "receipts"), [(b"", 1), (b"List-Id: <ours.city.example>\r\n", 0)])
def test_who_writes_to_our_list_gets_no_receipt(live, head, receipts):
    from orgo.outbox.models import Letter

    there = live(
        lists=["ours.city.example"], authserv_id="imap.city.example", trusted_relays=["192.0.2.0/24"]
    )
    seen = b"Received: from [192.0.2.1] (mx [192.0.2.7]) by imap.city.example\r\n"
    there.put(b"Authentication-Results: imap.city.example; dmarc=pass\r\n" + seen + head + leak(1))
    there.fetch()
    assert there.outcomes() == ["opened"]
    assert Letter.objects.filter(kind="received").count() == receipts
