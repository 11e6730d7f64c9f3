"""The key of the machine that gets backups: which kinds are taken, and what is said of another or a torn one."""

import pytest

from orgo.conf.backup import public_key

KEYS = {
    "ecdsa-sha2-nistp256": (
        "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLMrPHYx8ea42EFxl8iFrVS7JVIDps0GHDm126"
        "dkfNencOZnwUGMuqwlU5YswzNZ5dd1JHmYOGzk7a9RMQxxpko="
    ),
    "ecdsa-sha2-nistp384": (
        "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBFPAPAM4EspyJMlIXPHZR4K6RzRzNnyy0+r8/Z"
        "AgNbhkQsqC5Azied3vTLUMVyLoICzfode4p1/A+rlI5m+YFXejzyM6waGKtQmblcE/hkk2xfVxcj5qskunK5r/Td2G"
        "xw=="
    ),
    "ecdsa-sha2-nistp521": (
        "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAGttd/Yll1SEkzWfc6zWVm7iqYYWI/uVGLEEn"
        "jKWx5sLu442DGfyhvVfM7teuYD+S1LpN3kJ2vIGugd4lliz5svxgDJnXLmpMpHSJoyivXxRgk37QsNPww6Pxt5i9QM"
        "qSsZsffpRBoFiLH69yi0Xn12d7JAmIilPjCG/UsdHeZdNlRF6g=="
    ),
    "ssh-ed25519": ("AAAAC3NzaC1lZDI1NTE5AAAAIH7RduIR4s5hbHxjgz735+qOkEyu5jTZbBmTYnxT4dNJ"),
    "ssh-rsa": (
        "AAAAB3NzaC1yc2EAAAADAQABAAABAQCwbR1MCgDFSBnWrYagt2zqOZJhNJzOE59qdh7O3KeDea0+lC4fZxti9Fh0nY"
        "G+ZyrbpJuS4wPiBuFuAzS4wHQZ2DlWG4vo0vIURBY1FvahQtiKYvuqfOV4l1z6xNpovPujgeU6p9VBnAOQ+14FnWYp"
        "1s6OUUpeInMNqIN5RNGp0JqFL+dKwuvVR3hQYUGBOXF9xISB0bH1n4m/CPRcPMHQERW1StfXRwINOLC+OTGkRvcrtg"
        "57wTcvWl7sI7pn5YipPeot1/x6R91AEWWGKaj+NmcmqSz7T/xqMg2K1eAgOa4AgKOYtTS1rSRpcEEOlkOfCTOh3sGW"
        "FDD7hw+r7m6r"
    ),
}


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_that_is_spoken_is_taken_as_ssh_keyscan_prints_it(kind: str) -> None:
    key = f"{kind} {KEYS[kind]}"

    assert (
        public_key(key)
        == public_key(f"[backup.example]:2222 {key}")
        == public_key(f"{key} root@backup")
        == key
    )


@pytest.mark.parametrize(
    "kind", ["ssh-dss", "sk-ssh-ed25519@openssh.com", "ssh-ed25519-cert-v01@openssh.com"]
)
def test_another_kind_is_named_beside_those_that_are_known(kind: str) -> None:
    with pytest.raises(
        ValueError, match=r"not spoken here \(" + kind + r"\); .*-t ed25519 .*ecdsa-sha2-nistp256, .*ssh-rsa"
    ):
        public_key(f"backup.example {kind} AAAAB3NzaC1kc3M=")


@pytest.mark.parametrize(
    "key",
    [
        f"ssh-ed25519 {KEYS['ssh-ed25519'][:-4]}",
        f"ssh-ed25519 {KEYS['ssh-ed25519'][:-1]}",
        f"ssh-rsa {KEYS['ssh-ed25519']}",
    ],
)
def test_a_key_that_was_cut_or_is_of_another_kind_than_it_says_is_not_whole(key: str) -> None:
    with pytest.raises(ValueError, match="a key that is not whole"):
        public_key(key)
