"""Which cards Feishu refuses: those of version 2.0 for every property that it does not know. Pure.

Source: Feishu's pages "Card JSON 2.0 structure", "Breaking changes of card JSON 2.0" and one for each component. Left
out are the components that need an answer from an application (forms, inputs, menus): a custom bot gets none.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from posthouse.fakes.exchange import Refusal
from posthouse.fakes.feishu_codes import card as refused
from posthouse.fakes.tables import table_starts

ELEMENTS = 200
#: How many containers may be inside one another.
NESTED = 5
UNKNOWN, REMOVED, OVER_LIMIT, NO_TEMPLATE = 200621, 200861, 11310, 200380
#: The names that a header's colour may have.
COLOURS = (
    *("blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "carmine", "violet", "purple", "indigo"),
    *("grey", "default"),
)


def card_refusal(card: Mapping[str, Any], *, tables: int) -> Refusal | None:
    """Return why a card with at most ``tables`` tables is not shown, or None if it is.

    Cards of version 1.0 may hold anything beside what is known, and templates are taken on trust.
    """
    if card.get("type") == "template":
        data = card.get("data")
        named = isinstance(data, dict) and isinstance(data.get("template_id"), str) and data["template_id"]
        return None if named else refused(NO_TEMPLATE, "template does not exist")
    version = card.get("schema", "1.0")
    if version == "2.0":
        wrong = _wrong(card, "card", "ROOT")
        if wrong is not None:
            return wrong
    elif version != "1.0" or not isinstance(card.get("elements", []), list):
        return _unreadable("ROOT", "schema" if version != "1.0" else "elements")
    return _size_refusal(card, tables)


def _size_refusal(card: Mapping[str, Any], tables: int) -> Refusal | None:
    elements = list(_elements(card))
    if len(elements) > ELEMENTS:
        return refused(OVER_LIMIT, "element exceeds the limit", value="element")
    lines = [str(one.get("content")).split("\n") for one in elements if one["tag"] == "markdown"]
    drawn = sum(1 for content in lines for _ in table_starts(content))
    if drawn + sum(one["tag"] == "table" for one in elements) > tables:
        return refused(OVER_LIMIT, "card table number over limit", value="table")
    return None


def _elements(card: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield everything with a tag, however deep; without recursion, because old cards may be as deep as they like."""
    waiting: list[Any] = [card]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and isinstance(node.get("tag"), str):
            yield node
        if isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)


def _wrong(value: Any, kind: str, path: str) -> Refusal | None:
    """Return what is wrong with a value of some kind: a name in `_SHAPES` or `_TAGS`, in brackets for a list of it."""
    if kind.startswith("["):
        return _wrong_list(value, kind[1:-1], path)
    if not isinstance(value, dict):
        return _unreadable(path, type(value).__name__)
    if path.count("-> elements") > NESTED + 1:
        return refused(OVER_LIMIT, "nesting exceeds the limit", value="element")
    if kind in _TAGS:
        tag = value.get("tag")
        if not isinstance(tag, str) or tag not in _TAGS[kind]:
            return _wrong_tag(tag, path)
        kind, path = tag, f"{path}(tag: {tag})"
    return next((wrong for wrong in _wrong_properties(value, kind, path) if wrong is not None), None)


def _wrong_list(value: Any, kind: str, path: str) -> Refusal | None:
    if not isinstance(value, list):
        return _unreadable(path, type(value).__name__)
    found = (_wrong(entry, kind, f"{path} -> [{number}]") for number, entry in enumerate(value))
    return next((wrong for wrong in found if wrong is not None), None)


def _wrong_properties(value: Mapping[str, Any], kind: str, path: str) -> Iterator[Refusal | None]:
    shape = _SHAPES[kind]
    for name, part in value.items():
        if name not in shape:
            yield refused(UNKNOWN, f"unknown property, property: {name}, path: {path}")
        elif shape[name]:
            yield _wrong(part, shape[name], f"{path} -> {name}")
        elif name == "content" and not isinstance(part, str):
            yield _unreadable(path, name)
    yield from (_unreadable(path, name) for name in _NEEDED.get(kind, ()) if name not in value)
    if kind == "config" and value.get("update_multi", True) is not True:
        yield _unreadable(path, "update_multi")
    if kind == "header" and value.get("template", "default") not in COLOURS:
        yield _unreadable(path, f"invalid color: {value.get('template')}")


def _wrong_tag(tag: Any, path: str) -> Refusal:
    if tag in ("note", "action"):
        message = "cards of schema V2 no longer support this capability"
        return refused(REMOVED, message, path=f"{path}(tag: {tag})", value=f"unsupported tag {tag}")
    return refused(UNKNOWN, f"type of element is not supported tag: {tag}", path=path)


def _unreadable(path: str, value: str) -> Refusal:
    message = "parse card json err, please check whether the card json is correct"
    return refused(UNKNOWN, message, path=path, value=value)


#: Which tags an object may have where a kind of tagged object is expected.
_TAGS: Mapping[str, tuple[str, ...]] = {
    "text": ("plain_text", "lark_md"),
    "label": ("plain_text", "markdown"),
    "icon": ("standard_icon", "custom_icon"),
    "column": ("column",),
    "text_tag": ("text_tag",),
    "component": (
        *("markdown", "div", "hr", "img", "img_combination", "person", "person_list", "chart", "table", "button"),
        *("overflow", "column_set", "collapsible_panel", "interactive_container"),
    ),
}
_INSIDE = "padding direction horizontal_spacing horizontal_align vertical_spacing vertical_align elements=[component]"
_WORDS = "content i18n_content text_size text_color text_align lines"
_BOX = "width height background_style has_border border_color corner_radius"
_TIPS = "disabled disabled_tips=text hover_tips=text confirm=confirm"


def _shape(properties: str) -> dict[str, str]:
    """Read names, each with the kind of its value behind "=" if that is to be looked at."""
    pairs = (word.partition("=") for word in properties.split())
    return {name: kind for name, _, kind in pairs}


_UNTAGGED = {
    "card": "schema config=config card_link=urls header=header body=body",
    "config": "streaming_mode streaming_config summary=summary locales enable_forward update_multi width_mode "
    "use_custom_translation enable_forward_interaction style=style",
    "summary": "content i18n_content",
    "style": "text_size color",
    "urls": "url pc_url ios_url android_url",
    "header": "title=text subtitle=text text_tag_list=[text_tag] i18n_text_tag_list template icon=icon padding",
    "body": _INSIDE,
    "field": "is_short text=text",
    "image": "img_key",
    "somebody": "id",
    "heads": "text_align text_size background_style text_color bold lines",
    "table_column": "name display_name width vertical_align horizontal_align data_type format date_format",
    "behavior": "type default_url pc_url ios_url android_url value",
    "confirm": "title=text text=text",
    "option": "text=text multi_url=urls value",
    "action": "multi_url=urls",
    "panel_header": "title=label background_color vertical_align padding position width icon=icon icon_position "
    "icon_expanded_angle",
    "border": "color corner_radius",
}
_TAGGED = {
    "plain_text": _WORDS,
    "lark_md": _WORDS,
    "markdown": "content i18n_content text_align text_size icon=icon",
    "text_tag": "text=text color",
    "standard_icon": "token color size img_key",
    "custom_icon": "token color size img_key",
    "div": "text=text fields=[field] icon=icon width",
    "hr": "",
    "img": "img_key alt=text title=text transparent preview corner_radius scale_type size mode",
    "img_combination": "combination_mode combination_transparent corner_radius img_list=[image]",
    "person": "user_id size show_avatar show_name style",
    "person_list": "persons=[somebody] size show_avatar show_name lines drop_invalid_user_id icon=icon",
    "chart": "chart_spec aspect_ratio color_theme preview height",
    "table": "page_size row_height row_max_height freeze_first_column header_style=heads columns=[table_column] rows",
    "button": f"type size width text=text icon=icon {_TIPS} behaviors=[behavior] value name required form_action_type",
    "overflow": "width options=[option] value confirm=confirm",
    "column_set": "flex_mode background_style horizontal_spacing horizontal_align vertical_align columns=[column] "
    "action=action",
    "column": f"{_INSIDE} background_style width weight action=action",
    "collapsible_panel": f"{_INSIDE} expanded background_color header=panel_header border=border",
    "interactive_container": f"{_INSIDE} {_BOX} {_TIPS} behaviors=[behavior]",
}
#: The properties of every object; those with a tag may have a margin and an id besides.
_SHAPES: Mapping[str, Mapping[str, str]] = {
    **{kind: _shape(properties) for kind, properties in _UNTAGGED.items()},
    **{tag: _shape(f"tag margin element_id {properties}") for tag, properties in _TAGGED.items()},
}
#: What may not be missing.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "header": ("title",),
    "plain_text": ("content",),
    "lark_md": ("content",),
    "markdown": ("content",),
    "button": ("text",),
    "column_set": ("columns",),
    "table": ("columns", "rows"),
}
