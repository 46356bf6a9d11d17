"""Keys and signatures as `ssh-keygen` writes them, and nothing that only looks like them."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharing import signatures
from sharing.signatures import KeyUnreadable, SignatureUnreadable, is_signed, read_key

TEXT = "linmen test 1"
# By OpenSSH 9.2: `ssh-keygen -t ed25519`, then `echo "linmen test 1" | ssh-keygen -Y sign -n linmen -f key`.
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC6Wj6vDzFf0WABWcwoxbxRHJZK9i2vUSvZ0FnkedblN willow water"
FINGERPRINT = "SHA256:lSifbz6GMCCO3PIO5vCLXQGfOJ2mfhCt+huyCX4Luv0"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIe9eyF2u7kBX7xvL/Ft6f05Xbwzjvo/8V2iub71Xu+T other"
ECDSA = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPO9QDHsa8hNzTrlHkdmFCRxKVFtbx9wWr/GTPqwM8HMfqW9G1OW4u1RsU3raZpiHQHLR1qzJWlsAT56+EM06NM= ec"
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDEkrZb0OpyWZJ93xWO25tGP7pXgJsc3IG90l3mv+508JewBnhIjcYZbdgoxV/g/xop6U0ZhOZHaOeAF+mPaAHiQzOOafLDDxFT3OCF3BDX3V+adSTKP/6/xf7iq6blXZIYVZJBj44utZlSBoljmmKBbtQyyEDVjvccZSRd/Tz2BMQAkKW6mYmx0zkQZlJOjH4HGR6KbrhRsPxvhIaBHTFkTTmQ5OvNDslxaLFlFXaAu/EBvoFahzRp1r8Nh+WWgsFIi2rmN8nhqoKguvATPu31EnTZq4KWsMAlOsEZPKs0K2lwbxl251zqlqWig/yS5Z+jmtT5IdaeNJsXy8+mv1Mv root@vm"
SIGNED = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgLpaPq8PMV/RYAFZzCjFvFEclkr
2La9RK9nQWeR51uU0AAAAGbGlubWVuAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1
NTE5AAAAQNACByzpHQ+KJ4IV+30Qtm/LyGSgtQPiUzFrkq9pSvg4tPGwrvh19mOfh2Sac5
F9kzM0UfR2IOmZogQdvfr9RAY=
-----END SSH SIGNATURE-----"""
WITHOUT_LINE_END = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgLpaPq8PMV/RYAFZzCjFvFEclkr
2La9RK9nQWeR51uU0AAAAGbGlubWVuAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1
NTE5AAAAQAs4i73VyOgvid6b4qJTvcIM3YAJBkt+NNaWV4Ea2zeYYezusnZU2Ls2U/4yvQ
X2lBE1xVWGS9RgAlyO0JF+egM=
-----END SSH SIGNATURE-----"""
BY_SHA256 = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgLpaPq8PMV/RYAFZzCjFvFEclkr
2La9RK9nQWeR51uU0AAAAGbGlubWVuAAAAAAAAAAZzaGEyNTYAAABTAAAAC3NzaC1lZDI1
NTE5AAAAQJJfWfS/t4Nf+g0ODi6m50Ll/1BJ9CelRVf9frqfTcX69htT4k3TqlZDhg+XxJ
wnG8K57CMb2XnoCf/RFzFvVAE=
-----END SSH SIGNATURE-----"""
FOR_GIT = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgLpaPq8PMV/RYAFZzCjFvFEclkr
2La9RK9nQWeR51uU0AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQGpClOv7p4WyHfPUgsaCFOa3XV0vw1xIZ7mV+er3mIUdDsXgFnjOzq9Mp139tnOt6e
dUBEqlOGNmie7DO+JqBQE=
-----END SSH SIGNATURE-----"""
BY_RSA = """-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAARcAAAAHc3NoLXJzYQAAAAMBAAEAAAEBAMSStlvQ6nJZkn3fFY7bm0
Y/uleAmxzcgb3SXea/7nTwl7AGeEiNxhlt2CjFX+D/GinpTRmE5kdo54AX6Y9oAeJDM45p
8sMPEVPc4IXcENfdX5p1JMo//r/F/uKrpuVdkhhVkkGPji61mVIGiWOaYoFu1DLIQNWO9x
xlJF39PPYExACQpbqZibHTORBmUk6MfgcZHopuuFGw/G+EhoEdMWRNOZDk680OyXFosWUV
doC78QG+gVqHNGnWvw2H5ZaCwUiLauY3yeGqgqC68BM+7fUSdNmrgpawwCU6wRk8qzQraX
BvGXbnXOqWpaKD/JLln6Oa1Pkh1p40mxfLz6a/Uy8AAAAGbGlubWVuAAAAAAAAAAZzaGE1
MTIAAAEUAAAADHJzYS1zaGEyLTUxMgAAAQAlsXHVpTezESAP098a8ZkYEoS4/6j+y2xtdO
Uv3WRoMQZ1W22zRAUuDAzVlFlrx6LEwJVPcvrnRK2tgdOCorfdk1fj/6igyDlSpPYX5KLG
+Kta/w75iIcHRm2htW3g4AebE8HKctCJN8XVyzXaZQqHrVmOaSOhhv+hsS5QuqGkUWYxHc
yO/OmfJ5mRZDubYK6jZTmwWAOrAjYijm4ktFQ+++LTwuSuuFLT2rmGH/4YvhNzz9HnsWNI
2pzNI5nQKM1zbIzn9ldVe8yaBOUhJ+FU7cld0j5wHvfvTCwjAol5FtMyuUY6XA5ykH+f14
Ne1qqcv2xZXYDgnyZlRLaAykVQ
-----END SSH SIGNATURE-----"""


def test_it_reads_a_key_as_ssh_keygen_wrote_it_and_forgets_the_name_beside_it():
    key = read_key(PUBLIC)
    assert key.fingerprint == FINGERPRINT
    assert key.line == PUBLIC.rsplit(" ", 2)[0]
    assert read_key(key.line) == read_key(f"  {key.line}\r\n") == key


@pytest.mark.obligation("28")
@pytest.mark.parametrize("made", [SIGNED, WITHOUT_LINE_END, BY_SHA256, f"\r\n{SIGNED}\r\n"])
def test_it_knows_a_real_signature_of_this_text(made):
    assert is_signed(text=TEXT, signature=made, key=read_key(PUBLIC))


@pytest.mark.obligation("28")
def test_it_takes_no_signature_of_another_text_or_by_another_key():
    assert not is_signed(text="linmen test 2", signature=SIGNED, key=read_key(PUBLIC))
    assert not is_signed(text=f"{TEXT} ", signature=SIGNED, key=read_key(PUBLIC))
    assert not is_signed(text=TEXT, signature=SIGNED, key=read_key(OTHER))


@pytest.mark.obligation("28")
@pytest.mark.parametrize("made", [FOR_GIT, BY_RSA], ids=["for another use", "by another kind of key"])
def test_it_does_not_read_what_was_signed_for_something_else(made):
    with pytest.raises(SignatureUnreadable):
        is_signed(text=TEXT, signature=made, key=read_key(PUBLIC))


def _changed(blob: bytes) -> str:
    lines = base64.b64encode(blob).decode()
    return f"{signatures.BEGIN}\n{lines}\n{signatures.END}"


BLOB = base64.b64decode("".join(SIGNED.splitlines()[1:-1]))


@pytest.mark.parametrize(
    "made",
    [
        "",
        "yes",
        signatures.BEGIN,
        f"{signatures.BEGIN}\n{signatures.END}",
        SIGNED.replace("U1NI", "!!!!"),
        SIGNED[:-1],
        _changed(BLOB[:-1]),
        _changed(BLOB + b"x"),
        _changed(b"SSHSIX" + BLOB[6:]),
        _changed(BLOB[:9] + b"\x02" + BLOB[10:]),
        _changed(BLOB[:10] + b"\xff\xff\xff\xff" + BLOB[14:]),
        SIGNED + "A" * 3000,
        _changed(BLOB + bytes(100_000)),
    ],
)
def test_it_does_not_read_what_is_no_signature(made):
    with pytest.raises(SignatureUnreadable):
        is_signed(text=TEXT, signature=made, key=read_key(PUBLIC))


@given(at=st.integers(10, len(BLOB) - 1), bit=st.integers(0, 7))
def test_it_takes_no_signature_of_which_one_bit_is_another(at, bit):
    blob = bytearray(BLOB)
    blob[at] ^= 1 << bit
    try:
        assert not is_signed(text=TEXT, signature=_changed(bytes(blob)), key=read_key(PUBLIC))
    except SignatureUnreadable:
        pass


def _line(kind: bytes, raw: bytes) -> str:
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (kind, raw))
    return f"{kind.decode()} {base64.b64encode(blob).decode()}"


@pytest.mark.obligation("28")
@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "unreadable"),
        ("ssh-ed25519", "unreadable"),
        ("ssh-ed25519 AAAA", "unreadable"),
        ("ssh-ed25519 柳", "unreadable"),
        (f"{PUBLIC}\n{OTHER}", "unreadable"),
        (PUBLIC + "A" * 1000, "unreadable"),
        (PUBLIC.replace(" AAAAC3", " AAAAD3"), "unreadable"),
        (ECDSA.replace("ecdsa-sha2-nistp256", "ssh-ed25519"), "unreadable"),
        (_line(b"ssh-ed25519", bytes(31)), "unreadable"),
        (_line(b"ssh-ed25519", bytes(32)), "unreadable"),
        (_line(b"ssh-ed25519", b"\x01" + bytes(30) + b"\x80"), "unreadable"),
        (ECDSA, "kind"),
        (RSA, "kind"),
        ("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj x", "kind"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU", "private"),
    ],
)
def test_it_refuses_whatever_else_is_pasted_as_a_key(pasted, reason):
    with pytest.raises(KeyUnreadable) as refused:
        read_key(pasted)
    assert refused.value.reason == reason


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's ssh-keygen is not installed")
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_it_agrees_with_the_ssh_keygen_that_is_installed_here(tmp_path: Path, end):
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    key = read_key((tmp_path / "key.pub").read_text())
    command = ["ssh-keygen", "-Y", "sign", "-n", "linmen", "-f", path]
    made = subprocess.run(command, input=f"a text{end}".encode(), capture_output=True, check=True)
    assert is_signed(text="a text", signature=made.stdout.decode(), key=key)
    shown = subprocess.run(["ssh-keygen", "-lf", path], capture_output=True, text=True, check=True)
    assert key.fingerprint in shown.stdout
