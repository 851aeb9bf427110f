"""``posthouse fakes``: robots to try posthouse with, without a group or a vendor."""

import click

from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, serve

EXAMPLE = """\
Any access_token is a robot. An example configuration:

config:
  webhooks:
    - webhook_id: demo
      type: GITLAB
      notify:
        ding_talk:
          url: {address}/robot/send
          access_token: "demo-robot"{sign_key}

What the groups see: {address}/
Ctrl-C stops.
"""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8099, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--secret", metavar="SEC", help="Let every robot check signatures made with this secret.")
@click.option(
    "--per-minute",
    default=20,
    show_default=True,
    type=click.IntRange(min=0),
    help="How many requests a robot takes in a minute before it refuses all for ten; 0 for any number.",
)
def fakes(host: str, port: int, secret: str | None, per_minute: int) -> None:
    """Run robots that behave like DingTalk's, with a page that shows what their groups see."""
    robot = FakeRobot(secret=secret, per_minute=per_minute)
    app = FakeRobots(FakeDingTalk(any_token=True, pattern=robot))
    sign_key = f'\n          sign_key: "{secret}"' if secret else ""

    def ready(address: str) -> None:
        click.echo(f"Fake robots listen on {address}")
        click.echo(EXAMPLE.format(address=address, sign_key=sign_key))

    try:
        serve(app, host=host, port=port, ready=ready)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
