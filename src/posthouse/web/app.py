"""Makes the Flask application of one relay. Starts no thread and opens no socket."""

import logging

from flask import Flask, Response, current_app, jsonify, request

from posthouse.core.errors import StoreUnavailable
from posthouse.meters import CONTENT_TYPE, IntakeMeters
from posthouse.relay import Relay
from posthouse.web.hooks import Hooks
from posthouse.web.metrics import Metrics

log = logging.getLogger("posthouse.web")

#: A worker that was not seen for this long is not alive, in seconds.
WORKER_SILENCE = 20.0


def create_app(relay: Relay, *, with_worker: bool = False, worker_port: int | None = None) -> Flask:
    """Return the application; ``with_worker`` makes it unready while no worker is alive.

    ``worker_port`` is where a worker on this machine serves its metrics, which are shown with our own.
    """
    app = Flask("posthouse")
    app.extensions["posthouse"] = relay
    app.config["WITH_WORKER"] = with_worker
    meters = IntakeMeters(relay.desk.webhooks)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    if relay.desk.settings.server.metrics:
        app.extensions["posthouse.metrics"] = Metrics(relay, meters, worker_port=worker_port)
        app.add_url_rule("/metrics", view_func=metrics)
    app.register_error_handler(404, _not_found)
    app.wsgi_app = Hooks(relay, app.wsgi_app, meters)  # type: ignore[method-assign]
    return app


def healthz() -> Response:
    """Tell that the process answers."""
    return jsonify(status="ok")


def readyz() -> tuple[Response, int]:
    """Tell whether events can be stored, and, in ``posthouse serve``, whether somebody works on them."""
    relay: Relay = current_app.extensions["posthouse"]
    try:
        seen_at = relay.outbox.last_beat()
    except StoreUnavailable as error:
        log.error("not ready: %s", error)  # noqa: TRY400 - no bug of ours
        return jsonify(status="unready", database="failed; the log has the reason"), 503
    alive = seen_at is not None and relay.clock() - seen_at < WORKER_SILENCE
    worker = "ok" if alive else "no worker is alive"
    ready = alive or not current_app.config["WITH_WORKER"]
    return jsonify(status="ready" if ready else "unready", database="ok", worker=worker), 200 if ready else 503


def metrics() -> Response:
    """Show Prometheus what it may know; with ``server.metrics_token``, only whoever has that."""
    found: Metrics = current_app.extensions["posthouse.metrics"]
    if not found.may_read(request.headers.get("Authorization", "")):
        refused = jsonify(error="this page needs the server.metrics_token as a bearer token")
        refused.status_code = 401
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    return Response(found.text(), content_type=CONTENT_TYPE)


def _not_found(_error: Exception) -> tuple[Response, int]:
    return jsonify(error="there is nothing here; webhooks go to /webhook/<webhook_id>"), 404
