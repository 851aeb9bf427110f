"""``posthouse fakes``: robots to try posthouse with, without a group or a vendor."""

from dataclasses import replace

import click

from posthouse.fakes import (
    FakeDingTalk,
    FakeFeishu,
    FakeFeishuRobot,
    FakeRobot,
    FakeRobots,
    FakeWeCom,
    FakeWeComRobot,
    serve,
)

EXAMPLE = """\
Any token is a robot. An example configuration:

config:
  webhooks:
    - webhook_id: demo
      type: GITLAB
      notify:
        ding_talk:
          url: {address}/robot/send
          access_token: "demo-robot"{sign_key}
        fei_shu:
          url: {address}/open-apis/bot/v2/hook/demo-robot{sign_key}
        wechat:
          url: {address}/cgi-bin/webhook/send?key=demo-robot

What the groups see: {address}/
Ctrl-C stops.
"""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8099, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--secret", metavar="SEC", help="Let DingTalk's and Feishu's robots check signatures made with it.")
@click.option(
    "--per-minute",
    type=click.IntRange(min=0),
    help="How many requests a robot takes in a minute before it refuses them, instead of its vendor's number "
    "(DingTalk 20, Feishu 100, WeCom 20); 0 for any number.",
)
def fakes(host: str, port: int, secret: str | None, per_minute: int | None) -> None:
    """Run robots that behave like DingTalk's, Feishu's and WeCom's, with a page that shows what their groups see."""
    app = _robots(secret, per_minute)
    sign_key = f'\n          sign_key: "{secret}"' if secret else ""

    def ready(address: str) -> None:
        click.echo(f"Fake robots listen on {address}")
        click.echo(EXAMPLE.format(address=address, sign_key=sign_key))

    try:
        serve(app, host=host, port=port, ready=ready)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


def _robots(secret: str | None, per_minute: int | None) -> FakeRobots:
    dingtalk, feishu, wecom = FakeRobot(secret=secret), FakeFeishuRobot(secret=secret), FakeWeComRobot()
    if per_minute is not None:
        dingtalk, wecom = replace(dingtalk, per_minute=per_minute), replace(wecom, per_minute=per_minute)
        # Who wants any number a minute does not want to be held up by the second.
        feishu = replace(feishu, per_minute=per_minute, per_second=feishu.per_second if per_minute else 0)
    return FakeRobots(
        FakeDingTalk(any_token=True, pattern=dingtalk),
        FakeFeishu(any_token=True, pattern=feishu),
        FakeWeCom(any_token=True, pattern=wecom),
    )
