"""How far pipelines and jobs have come: GitLab sends an event at every change of their status."""

from posthouse import Level

#: GitLab's statuses, as (Chinese, English); ``place`` begins with a space in English only.
STATUSES = {
    "created": ("{what}{place}已创建", "{what} was created{place}"),
    "waiting_for_resource": ("{what}{place}正在等待资源", "{what} is waiting for a resource{place}"),
    "preparing": ("{what}{place}正在准备", "{what} is being prepared{place}"),
    "pending": ("{what}{place}等待运行", "{what} is pending{place}"),
    "running": ("{what}{place}开始运行", "{what} is running{place}"),
    "success": ("{what}{place}成功", "{what} passed{place}"),
    "failed": ("{what}{place}失败", "{what} failed{place}"),
    "canceling": ("{what}{place}正在取消", "{what} is being canceled{place}"),
    "canceled": ("{what}{place}被取消", "{what} was canceled{place}"),
    "skipped": ("{what}{place}被跳过", "{what} was skipped{place}"),
    "manual": ("{what}{place}等待手动操作", "{what} is waiting for somebody to start it{place}"),
    "scheduled": ("{what}{place}已安排延时运行", "{what} is scheduled to run later{place}"),
}
#: For statuses that a newer GitLab may have.
OTHER_STATUS = ("{what}{place}的状态有变化", "{what} changed its status{place}")
LEVELS = {"success": Level.SUCCESS, "failed": Level.FAILURE, "canceled": Level.WARNING}
