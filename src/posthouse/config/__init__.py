"""From a YAML file and the environment to frozen settings. The only package that reads either."""

from posthouse.config.load import load
from posthouse.config.settings import Robot, ServerSettings, Settings, Webhook

__all__ = ["Robot", "ServerSettings", "Settings", "Webhook", "load"]
