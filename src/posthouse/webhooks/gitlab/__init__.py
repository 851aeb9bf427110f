"""GitLab: project, group and system hooks."""
