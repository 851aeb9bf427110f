"""What operators are told about their robots. Pure."""

from posthouse.core.budget import Budget, Circuit
from posthouse.core.message import Fields, Level, Message, Text
from posthouse.core.plugin import Language


def set_up_wrongly(robot: str, circuit: Circuit, *, language: Language) -> Message:
    """Say that a robot shows nothing any more until somebody sets it right."""
    if language == "zh":
        title, said, do = f"机器人 {robot} 配置有误，已暂停发送", "机器人的回复", "处理办法"
        kept = "消息都会保留：配置改好后自动补发；也可以用 posthouse replay 立即重试。"
    else:
        title, said, do = f"The robot {robot} is set up wrongly and shows nothing", "It answered", "What to do"
        kept = "Messages are kept and told once it is right again; posthouse replay tries at once."
    pairs = ((said, (circuit.answer,)), (do, (circuit.remedy,)))
    return Message(title, (Fields(pairs), Text((kept,))), level=Level.FAILURE)


def nearly_used_up(robot: str, budget: Budget, quota: int, *, language: Language) -> Message:
    """Say that a robot's month will not last, and that messages are gathered into digests from now on."""
    if language == "zh":
        title = f"机器人 {robot} 本月的额度已用 {budget.used}/{quota}"
        text = "从现在起消息会攒成摘要发送，额度用完后等到下个月。请看 posthouse robots，或调高 monthly_quota。"
    else:
        title = f"The robot {robot} has used {budget.used} of {quota} messages this month"
        text = (
            "Messages are gathered into digests from now on, and wait for the next month once it is used up. "
            "See posthouse robots, or raise monthly_quota."
        )
    return Message(title, (Text((text,)),), level=Level.WARNING)
