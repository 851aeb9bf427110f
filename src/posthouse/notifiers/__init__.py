"""Whom we tell: one module per kind of robot. Pure: messages come in, requests and verdicts go out."""
