"""Who a notification of Alertmanager is from."""

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from posthouse import Inbound, NotGenuine, Site
from posthouse.webhooks.alertmanager.handler import AlertmanagerWebhookHandler, AlertmanagerWebhookSettings

TOKEN, PASSWORD = "opensesame", "芝麻开门"


def handler(**settings: Any) -> AlertmanagerWebhookHandler:
    made = AlertmanagerWebhookSettings(webhook_id="demo", type="ALERTMANAGER", **settings)
    return AlertmanagerWebhookHandler(made, Site())


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def test_the_right_user_and_password_are_genuine() -> None:
    found = handler(user="alertmanager", password=PASSWORD)
    assert found.verify(Inbound(basic("alertmanager", PASSWORD), {}, b"{}")) == "the user and the password are right"
    assert not found.warnings()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic ?"},
        {"authorization": f"Bearer {PASSWORD}"},
        basic("alertmanager", ""),
        basic("alertmanager", "opensesame"),
        basic("", PASSWORD),
        basic("Alertmanager", PASSWORD),
        basic("alertmanager:", PASSWORD),
    ],
    ids=str,
)
def test_another_user_or_password_is_not_genuine(headers: dict[str, str]) -> None:
    with pytest.raises(NotGenuine, match=r"the basic authentication is (missing|wrong)") as caught:
        handler(user="alertmanager", password=PASSWORD).verify(Inbound(headers, {}, b"{}"))
    assert PASSWORD not in str(caught.value)


def test_where_both_are_configured_the_request_may_come_with_either() -> None:
    found = handler(token=TOKEN, user="alertmanager", password=PASSWORD)
    assert found.verify(Inbound(basic("alertmanager", PASSWORD), {}, b"{}")) == "the user and the password are right"
    assert found.verify(Inbound({"authorization": f"bearer {TOKEN}"}, {}, b"{}")) == "the token is right"
    assert found.verify(Inbound({}, {"token": TOKEN}, b"{}")) == "the token is right"


def test_what_is_wrong_is_not_made_up_for_by_what_is_right_elsewhere() -> None:
    found = handler(token=TOKEN, user="alertmanager", password=PASSWORD)
    for wrong in (basic("alertmanager", "?"), {"authorization": "Bearer ?"}):
        with pytest.raises(NotGenuine):
            found.verify(Inbound(wrong, {"token": TOKEN}, b"{}"))


@pytest.mark.parametrize("settings", [{"user": "alertmanager"}, {"password": PASSWORD}], ids=str)
def test_a_user_without_a_password_is_a_mistake(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="'user' and 'password' belong together"):
        handler(**settings)


def test_what_needs_no_proof_says_so() -> None:
    assert handler().verify(Inbound({}, {}, b"{}")).startswith("not checked: ")
