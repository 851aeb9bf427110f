"""Why jobs fail, in words, and how their state is marked."""

from posthouse import Reader
from posthouse.webhooks.gitlab.payload import word

#: GitLab's reasons, as (Chinese, English); the others are told in GitLab's own words.
REASONS = {
    "script_failure": ("脚本执行失败", "the script failed"),
    "job_execution_timeout": ("作业执行超时", "the job took too long"),
    "stuck_or_timeout_failure": ("作业卡住或超时", "the job got stuck or took too long"),
    "runner_system_failure": ("运行器系统故障", "the runner failed"),
    "runner_unsupported": ("运行器版本不支持", "the runner is not supported"),
    "api_failure": ("API 故障", "GitLab's API failed"),
    "missing_dependency_failure": ("缺少依赖的作业或产物", "a job or artifact it needs is missing"),
    "unmet_prerequisites": ("前置条件未满足", "a prerequisite is not met"),
    "scheduler_failure": ("调度失败", "it could not be scheduled"),
    "data_integrity_failure": ("数据完整性错误", "its data is damaged"),
    "stale_schedule": ("计划的作业已过期", "its schedule is out of date"),
    "archived_failure": ("作业已归档，无法运行", "the job is archived"),
    "ci_quota_exceeded": ("计算时长配额已用尽", "the compute quota is used up"),
    "no_matching_runner": ("没有匹配的运行器", "no runner matches"),
    "unknown_failure": ("原因未知", "the reason is unknown"),
}
MARKS = {
    "success": "✅",
    "failed": "❌",
    "canceled": "🚫",
    "canceling": "🚫",
    "skipped": "⏭",
    "manual": "⏸",
    "scheduled": "⏰",
    "running": "🔵",
}
#: For jobs that have not started yet, whatever they wait for.
WAITING = "⚪"
ALLOWED_FAILURE = "⚠️"


def mark(job: Reader) -> str:
    """Return one character for the state of a pipeline's job."""
    if has_failed(job) and job.flag("allow_failure"):
        return ALLOWED_FAILURE
    return MARKS.get(job.text("status"), WAITING)


def has_failed(job: Reader) -> bool:
    """Tell whether a pipeline's job failed, allowed or not."""
    return job.text("status") == "failed"


def reason(job: Reader, path: str) -> dict[str, str]:
    """Return why a failed job failed, in both languages; empty where GitLab does not say.

    Ask for failed jobs only: the others have a reason as well, which means nothing.
    """
    code = word(job, path)
    zh, en = REASONS.get(code, (code.replace("_", " "),) * 2)
    return {"zh": zh, "en": en}
