"""Whole runs on Dask clusters, by the command: what they generate, show and refuse. No folder is shared."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

import pytest

from tests.integration.command import ROOT, Folder, acting, environment, make_folder
from tests.integration.dask_cluster import DaskCluster, dask_cluster
from tests.integration.jobs import alive, until
from tests.programs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT = 120.0  # seconds for any wait


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster"), 2) as made:
        yield made


def tls_options(folder: Path) -> tuple[str, ...]:
    """Make an authority with a certificate for all machines, and return Dask's options for them."""
    if shutil.which("openssl") is None:
        missing("openssl is not installed")
    folder.mkdir()
    ca, node = ("-keyout", "ca-key.pem", "-out", "ca.pem"), ("-keyout", "key.pem", "-out", "node.csr")
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for arguments in (
        (*new, "-x509", "-days", "2", "-subj", "/CN=cluster", *ca),
        (*new, "-subj", "/CN=node", *node),
        ("x509", "-req", "-in", "node.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
         "-days", "2", "-out", "cert.pem"),
    ):  # fmt: skip
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    paths = {"ca-file": folder / "ca.pem", "cert": folder / "cert.pem", "key": folder / "key.pem"}
    return tuple(part for name, path in paths.items() for part in (f"--tls-{name}", str(path)))


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return all files of a workspace, records included, without locks and what the records say of the disk."""
    found = (path for path in folder.rglob("*") if path.is_file())
    out = {"locks", "inputs"}
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if not out & set(path.parts)}


def test_the_school_plan_generates_the_same_bytes_over_tls(tmp_path: Path) -> None:
    made = {}
    with dask_cluster(tmp_path / "cluster", 2, scheme="tls", options=tls_options(tmp_path / "tls")) as cluster:
        for name, address in (("local", "local"), ("cluster", cluster.address)):
            folder = tmp_path / name
            shutil.copytree(ROOT / "plans", folder / "plans")
            shutil.copytree(tmp_path / "tls", folder / "plans" / "tls")
            plan = folder / "plans" / "school.yaml"
            files = "ca: tls/ca.pem, cert: tls/cert.pem, key: tls/key.pem"
            plan.write_text(f'{plan.read_text()}\nexecutor: {{dask: "tls://nowhere:1", {files}}}\n')
            done = Folder(path=folder).run("plans/school.yaml", RUNNER_EXECUTOR=address)
            assert done.returncode == 0, done.stdout + done.stderr
            made[name] = bytes_of(folder / "build" / "school")
        assert "is not encrypted" not in done.stdout
        assert f"cluster {cluster.address}: 2 workers" in done.stdout
        until(lambda: not alive(cluster.hosts()), "the end of the hosts", 10.0)
    assert len(made["local"]) > 800
    assert made["cluster"] == made["local"]


def test_a_worker_without_a_certificate_of_the_cluster_reaches_nothing(tmp_path: Path) -> None:
    options = tls_options(tmp_path / "tls")
    stranger = tls_options(tmp_path / "stranger")
    folder = make_folder(tmp_path / "project")
    values = dict(zip(("ca", "cert", "key"), stranger[1::2], strict=True))
    with dask_cluster(tmp_path / "cluster", 1, scheme="tls", options=options) as cluster:
        folder.write_plan(acting(), executor={"dask": cluster.address, "wait": 3, **values})
        done = folder.run("plan.yaml")
    assert done.returncode == 1
    assert f"the scheduler at {cluster.address} cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_of_own_agents_runs_where_nothing_of_it_is_there(cluster: DaskCluster, tmp_path: Path) -> None:
    made = {}
    for name, address in (("local", "local"), ("cluster", cluster.address)):
        folder = make_folder(tmp_path / name)
        folder.write_plan(
            acting("setup", setup=True, options={"acts": {"*": "work 0.2"}}),
            acting("crud", needs=["setup"], options={"acts": {"*": "work 0.2", "teachers": "raise final"}}),
        )
        done = folder.run("plan.yaml", "--executor", address)
        assert done.returncode == 1, done.stderr
        made[name] = bytes_of(folder.workspace)
    assert made["cluster"] == made["local"]
    assert len(folder.files()) == 3
    assert "tcp://127.0.0.1:" in next(
        line for line in done.stdout.splitlines() if "students" in line and "done" in line
    )
    logs = folder.run("logs").stdout
    assert "crud/students: started by worker" in logs
    assert " on tcp://127.0.0.1:" in logs
    assert '"host": "tcp://127.0.0.1:' in folder.run("status", "latest", "--json").stdout


def test_a_check_compares_and_writes_nothing_and_what_is_up_to_date_needs_no_cluster(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    folder = make_folder(tmp_path / "project")
    folder.write_plan(acting(), executor=cluster.address)
    check = folder.run("plan.yaml", "--check")
    assert (check.returncode, folder.workspace.exists()) == (3, False)
    assert "create  crud/students.txt" in check.stdout.replace("    ", "  ")
    assert folder.run("plan.yaml").returncode == 0
    students = folder.workspace / "crud" / "students.txt"
    students.write_text("by hand\nstudents\n")
    folder.write_plan(acting(options={"text": "students\n\nmore"}), executor=cluster.address)
    merged = folder.run("plan.yaml")
    assert merged.returncode == 0
    assert students.read_text() == "by hand\nstudents\n\nmore\n"
    assert "1 merged" in merged.stdout
    students.write_text("by hand\n")
    folder.write_plan(acting(), executor=cluster.address)
    assert folder.run("plan.yaml", "--conflict", "keep").returncode == 1
    assert students.read_text() == "by hand\n"
    assert folder.run("plan.yaml", "--force").returncode == 0
    assert (folder.workspace / "crud" / "students.txt").read_text() == "students\n"
    again = folder.run("plan.yaml", "--executor", "tcp://127.0.0.1:1")
    assert again.returncode == 0
    assert "3 up to date" in again.stdout


def install_agent(folder: Path, version: str, text: str) -> str:
    """Install an agent into a folder and return that, for PYTHONPATH."""
    information = folder / f"acme_agents-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-agents\nVersion: {version}\n")
    (information / "entry_points.txt").write_text("[runner.agents]\nacme = acme_agents:Acme\n")
    (information / "top_level.txt").write_text("acme_agents\n")
    (folder / "acme_agents.py").write_text(
        "from runner import Agent, GeneratedFile\n\n"
        "class Acme(Agent):\n    kind = title = 'acme'\n"
        "    def generate(self, ctx):\n"
        f"        return [GeneratedFile(f'acme/{{ctx.table.name.name}}.txt', '{text}\\n')]\n"
    )
    return str(folder)


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ({}, "acme-agents 1.2 is not installed there"),
        ({"version": "1.1", "text": "old"}, "it has acme-agents 1.1, this is acme-agents 1.2"),
        ({"version": "1.2", "text": "changed"}, "its acme-agents 1.2 has other code ("),
    ],
    ids=["none", "another version", "the same version with other code"],
)
def test_a_worker_with_other_code_of_an_installed_agent_is_not_used(
    tmp_path: Path, there: dict[str, str], message: str
) -> None:
    ours = install_agent(tmp_path / "ours", "1.2", "new")
    theirs = {"PYTHONPATH": install_agent(tmp_path / "theirs", **there)} if there else {}
    folder = make_folder(tmp_path / "project")
    with dask_cluster(tmp_path / "cluster", 0) as cluster:
        cluster.start_worker(env=theirs)
        folder.write_plan({"description": "work", "agent": "acme"}, executor=cluster.address)
        refused = folder.run("plan.yaml", PYTHONPATH=ours)
        assert refused.returncode == 2, refused.stderr
        assert message in refused.stderr
        assert "python -m pip install acme-agents==1.2" in refused.stderr
        assert not folder.files()
        cluster.start_worker(env={"PYTHONPATH": ours})
        done = folder.run("plan.yaml", PYTHONPATH=ours)
        assert done.returncode == 0, done.stderr
    assert {path.read_text() for path in folder.workspace.glob("acme/*.txt")} == {"new\n"}


def test_workers_get_the_named_variables_only(cluster: DaskCluster, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project")
    acts = {"students": "env NAMED_SECRET", "teachers": "env OTHER_SECRET"}
    folder.write_plan(acting(options={"acts": acts}), executor={"dask": cluster.address, "env": ["NAMED_SECRET"]})
    assert folder.run("plan.yaml", NAMED_SECRET="one", OTHER_SECRET="two").returncode == 0
    texts = {name: (folder.workspace / "crud" / f"{name}.txt").read_text() for name in ("students", "teachers")}
    assert texts == {"students": "one\n", "teachers": "unset\n"}


def test_a_shared_workspace_is_written_by_the_workers(cluster: DaskCluster, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project")
    folder.write_plan(acting(), executor={"dask": cluster.address, "workspace": "shared"})
    done = folder.run("plan.yaml")
    assert done.returncode == 0, done.stderr
    assert len(folder.files()) == 3


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        ("192.0.2.1", "192.0.2.1:0: cannot listen for workers there"),  # RFC 5737: nobody has it
        (None, "the scheduler at tcp://127.0.0.1:1 cannot be reached"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_reported_in_a_line(
    cluster: DaskCluster, tmp_path: Path, listen: str | None, message: str
) -> None:
    folder = make_folder(tmp_path / "project")
    address = "tcp://127.0.0.1:1" if listen is None else cluster.address
    executor = {"dask": address, "wait": 2, **({} if listen is None else {"listen": listen})}
    folder.write_plan(acting(), executor=executor)
    done = folder.run("plan.yaml")
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "interrupted" in folder.run("status").stdout


def test_the_command_starts_a_cluster_to_try_and_ends_it(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project")
    folder.write_plan(acting())
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "cluster", "--local", "2", "--port", "0"],
        cwd=folder.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(3)]
    address = said[0].split()[1].removesuffix(":")
    try:
        done = folder.run("plan.yaml", "--executor", address)
        assert done.returncode == 0, done.stderr
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the group
        _, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0, err
    assert err == ""
    assert f"runner PLAN --executor {address}" in said[1]


def test_a_taken_port_names_who_has_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = make_folder(tmp_path / "project").run("cluster", "--local", "1", "--port", str(port))
    assert done.returncode == 2
    assert f"port {port}: it is taken by " in done.stderr
    assert f"(process {os.getpid()}). Choose another with --port" in done.stderr
    assert "Traceback" not in done.stderr


# ----------------------------------------------------------------------------- two machines


class Machines:
    """Two network namespaces with a cable between them."""

    names = ("runner-a", "runner-b")
    addresses = ("10.199.0.1", "10.199.0.2")

    def __enter__(self) -> Self:
        if shutil.which("ip") is None or os.geteuid() != 0:
            pytest.skip("network namespaces need `ip` and the rights of root")
        self.names = tuple(f"{name}-{os.getpid()}" for name in Machines.names)  # type: ignore[assignment]
        for name in self.names:
            if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
                pytest.skip("network namespaces cannot be made here")
        self.ip("link", "add", "cable", "netns", self.names[0], "type", "veth", "peer", "cable", "netns", self.names[1])
        for name, address in zip(self.names, self.addresses, strict=True):
            self.ip("-n", name, "addr", "add", f"{address}/24", "dev", "cable")
            self.ip("-n", name, "link", "set", "cable", "up")
            self.ip("-n", name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)

    def ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    def prefix(self, number: int) -> tuple[str, ...]:
        """Return what runs a command on a machine."""
        return ("ip", "netns", "exec", self.names[number])


def test_two_machines_and_a_cable_that_is_cut_for_three_seconds(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project")
    with Machines() as machines:
        cluster = DaskCluster(
            folder=tmp_path / "cluster", host=machines.addresses[0], prefix=machines.prefix(0), port=8786
        )
        cluster.folder.mkdir()
        try:
            cluster.start_scheduler()
            for _ in range(2):
                cluster.start_worker("--host", machines.addresses[1], prefix=machines.prefix(1))
            folder.write_plan(
                *(acting(f"task-{number}", options={"acts": {"*": "work 4"}}) for number in range(2)),
                executor=cluster.address,
            )
            run = subprocess.Popen(
                [*machines.prefix(0), sys.executable, "-m", "runner", "plan.yaml"],
                cwd=folder.path,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            until(lambda: run.poll() is not None or bool(cluster.hosts()), "a host", WAIT)
            time.sleep(1.0)
            machines.ip("-n", machines.names[0], "link", "set", "cable", "down")
            time.sleep(3.0)
            machines.ip("-n", machines.names[0], "link", "set", "cable", "up")
            out, _ = run.communicate(timeout=WAIT)
        finally:
            cluster.close()
    assert run.returncode == 0, out
    assert "is not encrypted: anyone who can reach the scheduler can run code" in out
    assert f"tcp://{machines.addresses[1]}:" in out
    assert len(folder.files()) == 6
