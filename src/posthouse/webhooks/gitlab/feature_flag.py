"""Feature flags: who switched which one on or off."""

from typing import ClassVar

from posthouse import Code, Event, Line, Link, Message, No, Reader, Yes, buttons, plain, quote_markdown
from posthouse.webhooks.gitlab.payload import GitlabNotifyEventHandler, marked, name, number, project_id, story

#: What happened, as (Chinese, English).
WORDS = {
    "enabled": ("{who} 开启了功能标志{flag}", "{who} turned on feature flag{flag}"),
    "disabled": ("{who} 关闭了功能标志{flag}", "{who} turned off feature flag{flag}"),
}


class FeatureFlagHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of feature flags that are switched on or off.

    To be chosen are `enabled` and `disabled`.
    """

    events = ("Feature Flag Hook",)
    # Flags go back and forth while somebody tries something out.
    on_by_default = False
    happenings: ClassVar = dict.fromkeys(WORDS, True)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about flags of which it is not known whether they are on."""
        state = _state(event.reader)
        return self.told(event, state, silence=f"the feature flag's state is {state or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show what the flag is for, as its description says.

        There is no occurrence: nothing in the payload tells a flag that is on again from one that is reported twice,
        and a group must not go on believing that it is off.
        """
        flag, state = event.reader, _state(event.reader)
        return Message(
            title=plain(self._headline(flag, state)),
            blocks=(
                *self.about(flag),
                *quote_markdown(flag.text("object_attributes.description")),
                *buttons(self._link(flag)),
            ),
            facts=self.facts(flag, action=state, flag=name(flag, "object_attributes.name")),
            story=story("feature_flag", project_id(flag), marked(":", number(flag, "object_attributes.id"))),
        )

    def _headline(self, flag: Reader, state: str) -> Line:
        zh, en = WORDS.get(state, ("{who} 更新了功能标志{flag}", "{who} updated feature flag{flag}"))
        title = name(flag, "object_attributes.name")
        return self.say(zh=zh, en=en, who=self.actor(flag), flag=(" ", Code(title)) if title else "")

    def _link(self, flag: Reader) -> Link:
        """Return the page of all flags: the id in the payload is not the one in the address of a flag."""
        project = self.project(flag).url
        url = f"{project}/-/feature_flags" if project else ""
        return Link(self.choose(zh="查看功能标志", en="Open feature flags"), url)


def _state(flag: Reader) -> str:
    match flag.at("object_attributes.active").value:
        case True:
            return "enabled"
        case False:
            return "disabled"
        case _:
            return ""
