"""A bare Flask endpoint under the server and with the settings that posthouse uses: what storing costs is beside it."""

import sys

from flask import Flask, jsonify, request
from granian import Granian

from posthouse.cli.web import BACKPRESSURE, THREADS


def application() -> Flask:
    app = Flask("bare")

    @app.post("/webhook/<webhook_id>")
    def hook(webhook_id: str) -> object:
        return jsonify(webhook_id=webhook_id, bytes=len(request.get_data()))

    @app.get("/readyz")
    def readyz() -> object:
        return jsonify(status="ok")

    return app


if __name__ == "__main__":
    Granian(
        "bare",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface="wsgi",
        workers=1,
        blocking_threads=THREADS,
        backpressure=BACKPRESSURE,
        websockets=False,
        log_level="error",
    ).serve(target_loader=application, wrap_loader=False)
