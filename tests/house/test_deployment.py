"""The guide, the units and the script that follows it say one thing."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from django.urls import reverse

from portal import checks, processes, restored, roles
from portal.places import BASE

DEPLOY = BASE / "deploy"
GUIDE = (BASE / "docs" / "deployment.md").read_text(encoding="utf-8")
SERVICES = ("web", "gates", "worker", "beat")
PORTS = {"web": 8000, "gates": 8001}

MARK = re.compile(r"^<!-- (yours|step: (?P<step>.+)|by hand: .+) -->$")


def blocks() -> dict[str, str]:
    """Mark -> block. Fails on a block that nobody marked, and on a mark without a block."""
    found: dict[str, str] = {}
    lines = iter(GUIDE.splitlines())
    for line in lines:
        assert line != "```sh", f"a block without a mark, after {list(found)[-1:]}"
        if mark := MARK.match(line):
            assert next(lines) == "```sh", f"{line} is not followed by its block"
            body = list(iter(lambda: next(lines), "```"))
            name = mark["step"] or f"{mark[1]} {len(found)}"
            assert name not in found
            found[name] = "\n".join(body)
    return found


def steps() -> list[str]:
    return [name for name in blocks() if not name.startswith(("yours", "by hand"))]


def unit(name: str) -> configparser.SectionProxy:
    class Parser(configparser.RawConfigParser):
        optionxform = staticmethod(str)  # type: ignore[assignment]

    class Many(dict):  # one name may be said several times
        def __setitem__(self, key, value):
            if isinstance(value, list) and key in self and isinstance(self[key], list):
                value = [*self[key], *value]
            super().__setitem__(key, value)

    parser = Parser(strict=False, dict_type=Many, delimiters=("=",), comment_prefixes=("#",))
    parser.read(DEPLOY / "systemd" / name)
    return parser["Service"]


def test_the_script_does_every_marked_block_of_the_guide_in_its_order():
    said = subprocess.run([DEPLOY / "follow-the-guide", "--list"], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == steps()
    assert [name.split(",")[0] for name in steps()] == [
        *("packages", "users", "code", "databases", "redis", "keys", "settings", "migrate", "operator"),
        *(
            "certificate",
            "proxy",
            "start",
            "look",
            "backup key",
            "backup",
            "try the backup",
            "restore",
            "update",
            "rotate",
        ),
    ]


def test_the_script_has_no_second_copy_of_what_the_guide_says():
    """What it asks afterwards is its own; what it does is the guide's."""
    script = (DEPLOY / "follow-the-guide").read_text(encoding="utf-8")
    for name, block in blocks().items():
        if name in steps():
            for line in block.splitlines():
                words = line.strip()
                if len(words) > 40:
                    assert words not in script, f"{name}: {words}"


def test_what_the_script_leaves_out_is_only_what_a_person_or_another_machine_must_do():
    by_hand = [block for name, block in blocks().items() if name.startswith("by hand")]
    assert [block.split()[0:2] for block in by_hand] == [
        ["linmen", "custody"],
        ["linmen", "custody"],
        ["apt-get", "install"],
        ["linmen", "custody"],
        ["linmen-gate", "--state"],
        ["deploy/compose-secrets", "SITE=portal.example"],
    ]


def test_it_names_only_files_that_are_there():
    named = set(re.findall(r"(?:/opt/linmen/|`)(deploy/[\w./*-]+)", GUIDE)) - {
        "deploy/secrets",
        "deploy/secrets/tls",
    }
    assert len(named) > 8
    for each in named - {"deploy/secrets/wrapping"}:
        assert list(BASE.glob(each)), each


def test_every_unit_is_started_by_the_guide():
    started = set(re.findall(r"linmen(?:-[a-z-]+)?(?:\.timer|\.target)?", blocks()["start"]))
    for file in (DEPLOY / "systemd").iterdir():
        name = file.name.removesuffix(".service")
        if name == "linmen-terminals":
            continue  # where there are terminals, by docs/terminals.md: tests/terminals
        if name in {"linmen-backup-data", "linmen-backup-vault"}:
            name += ".timer"  # by the clock
        assert name in started, name


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_starts_what_the_supervisor_starts(service):
    given = shlex.split(unit(f"linmen-{service}.service")["ExecStart"])
    where = {"port": PORTS[service]} if service in PORTS else {}
    ours = getattr(processes, service)(**where)
    differs = {"--workers", "--blocking-threads", "--concurrency"}  # by size of the machine
    wanted = [word for word, before in zip(ours[3:], ours[2:], strict=False) if not {word, before} & differs]
    for word in wanted:
        assert word in given, word
    assert given[0] == f"/opt/linmen/.venv/bin/{'granian' if service in PORTS else 'celery'}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_walled_in(service):
    said = unit(f"linmen-{service}.service")
    assert (said["User"], said["LimitCORE"], said["MemorySwapMax"]) == ("linmen", "0", "0")
    assert (said["ProtectSystem"], said["NoNewPrivileges"], said["PrivateTmp"]) == ("strict", "yes", "yes")
    assert (said["CapabilityBoundingSet"], said["StateDirectoryMode"]) == ("", "0700")
    assert (said["IPAddressDeny"], said["IPAddressAllow"]) == ("any", "localhost")
    assert "OWNER" not in (DEPLOY / "systemd" / f"linmen-{service}.service").read_text(encoding="utf-8")
    walls = {
        key: value
        for key, value in said.items()
        if key not in {"ExecStart", "Environment", "TimeoutStopSec", "LimitNOFILE"}
    }
    others = unit("linmen-web.service")
    assert walls == {key: others[key] for key in walls}, "all alike"


@pytest.mark.parametrize(("one", "other"), [("data", "vault"), ("vault", "data")])
def test_a_backup_sees_its_own_folder_and_no_key(one, other):
    said = unit(f"linmen-backup-{one}.service")
    assert said["ReadWritePaths"].split() == [f"/var/backups/linmen-{one}", "/var/lib/linmen-journal"]
    hidden = said["InaccessiblePaths"].split()
    assert {
        "-/etc/linmen",
        "-/var/lib/linmen",
        "-/var/lib/linmen-epochs",
        f"-/var/backups/linmen-{other}",
    } == set(hidden)
    assert said["User"] == "linmen-owner"
    assert said["ExecStart"].endswith(f"manage.py backup {one}")
    assert "LoadCredential" not in said


def test_the_roles_are_those_of_the_code():
    assert (DEPLOY / "roles.sql").read_text(encoding="utf-8").endswith(roles.script())


def test_the_example_of_settings_holds_known_names_and_no_secret():
    said = dict(
        line.split("=", 1)
        for line in (DEPLOY / "linmen.env.example").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert {name for name in said if f"`{name}`" not in GUIDE} == set()
    for name, value in said.items():
        assert not re.search(r"[\s\"'$]", value), f"{name}: a shell and systemd must read it alike"
        assert not re.search(r"://[^/]*:[^/]*@", value), f"{name} holds a password"
        assert "KEY" not in name


def test_no_upload_and_no_answer_touches_a_disk_at_the_proxy():
    said = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    (most,) = re.findall(r"client_max_body_size (\w+);", said)
    assert re.findall(r"client_body_buffer_size (\w+);", said) == [most]
    assert "proxy_max_temp_file_size 0;" in said
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in said
    assert "$request_uri" not in said.partition("log_format")[2].partition(";")[0], "no query goes into a log"


def test_no_code_of_a_letter_is_in_the_log_of_the_proxy():
    """The address that is scanned is the code: docs/adr/0015."""
    said = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert "$uri" not in said.partition("log_format")[2].partition(";")[0]
    assert re.search(r"map \$uri \$linmen_path \{\s*~\^/l/\s+/l/;[^}]*\bdefault\s+\$uri;\s*\}", said)
    assert reverse("letter", args=["x"]).startswith("/l/")
    # Nor in that of errors, which holds the whole request when Linmen does not answer, and knows no format.
    assert re.search(r"location /l/ \{\s*error_log /dev/null crit;", said)
    assert "proxy_set_header" not in said.partition("location / {\n        proxy_pass")[2], (
        "both inherit them"
    )


@pytest.mark.obligation("27", "31")
def test_nor_which_notice_was_read_from_which_address():
    said = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert re.search(r"map \$uri \$linmen_path \{[^}]*~\^/notices/\s+/notices/;", said)
    assert reverse("notice", args=[uuid4()]).startswith("/notices/")
    assert re.search(r"location /notices/ \{\s*error_log /dev/null crit;", said)


def test_postgresql_listens_to_this_machine_alone_and_logs_no_statement():
    said = (DEPLOY / "postgresql" / "linmen.conf").read_text(encoding="utf-8")
    for line in (
        "listen_addresses = ''",
        "log_statement = 'none'",
        "log_min_error_statement = panic",
        "log_min_messages = fatal",
    ):
        assert line in said
    rules = (DEPLOY / "postgresql" / "pg_hba.conf").read_text(encoding="utf-8")
    assert {line.split()[0] for line in rules.splitlines() if line and line[0] != "#"} == {"local"}
    assert {word for word in rules.split() if word in {"trust", "password", "md5"}} == set()


def test_the_guide_explains_what_a_start_refuses():
    said = (Path(each.__file__).read_text(encoding="utf-8") for each in (checks, restored))
    refused = set(re.findall(r"linmen\.(E\d+)", "".join(said)))
    for id in ("E002", "E011", "E014", "E015", "E016", "E017", "E018", "E019", "E038", "E039", "E040"):
        assert id in refused
        assert id in GUIDE


def test_containers_publish_only_the_proxy_and_hold_secrets_in_files():
    said = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"ports: (.*)", said) == ['["80:80", "443:443"]']
    for variable in checks.SECRET_FILES:
        bare = variable.removesuffix("_FILE")
        if bare != "REDIS_URL":  # no password: on a network of its own
            assert not re.search(rf"^\s+{bare}:", said, re.MULTILINE), bare
            assert f"{variable}: /run/secrets/" in said
    images = re.findall(r"image: (\S+)", said) + re.findall(
        r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.M
    )
    for image in images:
        assert re.fullmatch(r"(linmen:local|[a-z]+:\d+(\.\d+)+\S*)", image), (
            f"{image} names no version, or a registry"
        )


@pytest.mark.parametrize("script", ["linmen", "follow-the-guide", "compose-secrets", "compose-roles.sh"])
def test_each_script_is_one(script):
    path = DEPLOY / script
    assert os.access(path, os.X_OK)
    shell = "bash" if "bash" in path.read_text(encoding="utf-8").splitlines()[0] else "sh"
    subprocess.run([shell, "-n", path], check=True)
