"""Posts over many connections as fast as a server answers, with Debian's ``wrk``, and times every request."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PUSH = Path(__file__).parent.parent / "tests/webhooks/gitlab/payloads/push_hook__two_commits.json"
SCRIPT = Path(__file__).parent / "push.lua"


@dataclass(frozen=True)
class Result:
    """What came of a load: requests a second, and the latency that each tenth of a percent did not exceed, in ms."""

    rate: float
    percentiles: Sequence[float]

    def percentile(self, share: float) -> float:
        """Return the latency, in milliseconds, that ``share`` of the requests did not exceed."""
        return self.percentiles[round(share * 1000) - 1]


class Pushes:
    """Real push payloads of about one size that differ in the commit they lead to: nobody is told of one push twice."""

    def __init__(self, size: int) -> None:
        body = _push_of(size)
        after = json.dumps(json.loads(body)["after"]).encode()
        first, second = body.split(after, 1)
        #: What stands in front of the commit's forty digits, and behind them.
        self.parts = (first + b'"', b'"' + second)

    def __getitem__(self, number: int) -> bytes:
        """Return the payload of one push."""
        return (b"%040x" % (number + 1)).join(self.parts)


def _push_of(size: int) -> bytes:
    """Return a real push payload, filled with more commits up to about ``size`` bytes."""
    payload = json.loads(PUSH.read_text())
    commit = payload["commits"][0]
    while len(json.dumps(payload)) < size - 200:
        room = size - len(json.dumps(payload))
        payload["commits"].append({**commit, "added": [f"src/file_{n}.py" for n in range(min(room, 2000) // 20)]})
    return json.dumps(payload).encode()


def run(
    ports: Sequence[int], path: str, pushes: Pushes, *, connections: int, seconds: int, headers: str = ""
) -> Result:
    """Post pushes, each with a ``webhook-id`` of its own, for some seconds, to all servers at the same time."""
    if shutil.which("wrk") is None:
        sys.exit("what posts is not installed: apt-get install wrk")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Gitlab-Event: Push Hook\r\n{headers}Content-Length: {len(pushes[0])}\r\nwebhook-id: "
    )
    with TemporaryDirectory() as name:
        files = [Path(name) / part for part in ("head", "before", "after")]
        for file, content in zip(files, (head.encode(), *pushes.parts), strict=True):
            file.write_bytes(content)
        command = ["wrk", f"-t{len(ports)}", f"-c{connections}", f"-d{seconds}s", "--timeout=10s", f"-s{SCRIPT}"]
        command += [f"http://127.0.0.1:{ports[0]}{path}", "--", uuid.uuid4().hex, *map(str, files)]
        environment = {**os.environ, "PORTS": " ".join(map(str, ports))}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["failed"]:
        sys.exit(f"{result['failed']} of {result['requests']} requests failed")
    milliseconds = [microseconds / 1000 for microseconds in result["percentiles"]]
    return Result(result["requests"] / result["microseconds"] * 1e6, milliseconds)
