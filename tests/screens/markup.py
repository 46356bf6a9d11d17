"""Whether a page is HTML as it is meant to be: every element closed where it was opened, and every name that another part
points to there, once. Not a whole validator: what browsers mend in silence, and screen readers trip over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
# Of svg, written with a slash.
SHAPES = frozenset(
    ["path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "use", "stop", "fegaussianblur"]
)
# What may not stand inside: a browser ends the outer one there, or two things to press lie in one another.
NOT_INSIDE = {
    "p": frozenset(
        [
            "address",
            "article",
            "aside",
            "blockquote",
            "details",
            "div",
            "dl",
            "fieldset",
            "figure",
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "header",
            "hr",
            "main",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
            "table",
            "ul",
        ]
    ),
    "a": frozenset(["a", "button", "input", "select", "textarea", "label"]),
    "button": frozenset(["a", "button", "input", "select", "textarea", "label"]),
    "form": frozenset(["form"]),
    "label": frozenset(["label"]),
    "span": frozenset(["div", "p", "ul", "ol", "dl", "table", "form", "section", "h1", "h2", "h3"]),
}
ONLY_CHILDREN = {
    "ul": frozenset(["li", "script", "template"]),
    "ol": frozenset(["li", "script", "template"]),
    "dl": frozenset(["dt", "dd", "div"]),
    "table": frozenset(["caption", "colgroup", "thead", "tbody", "tfoot", "tr"]),
    "thead": frozenset(["tr"]),
    "tbody": frozenset(["tr"]),
    "tr": frozenset(["th", "td"]),
    "select": frozenset(["option", "optgroup", "hr"]),
}
POINTERS = (
    "for",
    "aria-labelledby",
    "aria-describedby",
    "aria-controls",
    "aria-details",
    "list",
    "headers",
    "form",
)


@dataclass
class Element:
    name: str
    at: tuple[int, int]
    attributes: dict[str, str | None]


@dataclass
class Page(HTMLParser):
    """What was read of one page."""

    text: str
    faults: list[str] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[Element] = []
        self.title = ""
        if not self.text.lower().startswith("<!doctype html>"):
            self.faults.append("it does not begin with a doctype")
        self.feed(self.text)
        self.close()
        self.faults += [f"<{each.name}> of {each.at} is never closed" for each in self.open]
        self._names()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, self.getpos(), dict(attrs))
        self._attributes(element, attrs)
        self._place(element)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()
            if tag not in SHAPES:
                self._fault(f"<{tag}/> closes nothing")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            self._fault(f"</{tag}> ends what has no end")
        elif self.open and self.open[-1].name == tag:
            self.open.pop()
        else:
            self._fault(f"</{tag}> where <{self.open[-1].name if self.open else 'nothing'}> is open")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].name == "title" and not self._in("svg"):
            self.title += data
        within = self.open[-1].name if self.open else ""
        if within in ONLY_CHILDREN and data.strip():
            self._fault(f"words straight in <{within}>: {data.strip()[:40]}")

    def every(self, name: str) -> list[Element]:
        return [each for each in self.elements if each.name == name]

    def _attributes(self, element: Element, attrs: list[tuple[str, str | None]]) -> None:
        twice = [name for name, count in Counter(name for name, _ in attrs).items() if count > 1]
        if twice:
            self._fault(f"<{element.name}> says {twice} twice")
        if "style" in element.attributes or any(name.startswith("on") for name in element.attributes):
            self._fault(f"<{element.name}> has style or script of its own, which the policy stops")
        if element.name == "img" and element.attributes.get("alt") is None:
            self._fault("an <img> without alt")
        if element.name in ("a", "form", "input") and element.attributes.get("id") == "":
            self._fault(f"<{element.name}> with an empty id")

    def _place(self, element: Element) -> None:
        for outer in self.open:
            if element.name in NOT_INSIDE.get(outer.name, ()):
                self._fault(f"<{element.name}> inside <{outer.name}> of {outer.at}")
        parent = self.open[-1].name if self.open else ""
        if parent in ONLY_CHILDREN and element.name not in ONLY_CHILDREN[parent]:
            self._fault(f"<{element.name}> straight in <{parent}>")
        if element.name == "li" and parent not in ("ul", "ol", "menu"):
            self._fault(f"<li> straight in <{parent}>")
        if element.name in ("dt", "dd") and parent not in ("dl", "div"):
            self._fault(f"<{element.name}> straight in <{parent}>")

    def _names(self) -> None:
        ids = Counter(each.attributes["id"] for each in self.elements if each.attributes.get("id"))
        self.faults += [f"the id {name} is there {count} times" for name, count in ids.items() if count > 1]
        for each in self.elements:
            for pointer in POINTERS:
                for name in (each.attributes.get(pointer) or "").split():
                    if name not in ids:
                        self.faults.append(f"<{each.name}> of {each.at}: {pointer}={name} is nowhere")
            target = each.attributes.get("href") or ""
            if target.startswith("#") and each.name in ("a", "use") and target[1:] not in ids:
                self.faults.append(f"<{each.name}> of {each.at} leads to {target}, which is nowhere")
        fields = [
            each
            for each in self.elements
            if each.name in ("input", "select", "textarea")
            and each.attributes.get("type") not in ("hidden", "submit")
        ]
        labelled = {each.attributes.get("for") for each in self.every("label")}
        for each in fields:
            named = each.attributes.get("aria-label") or each.attributes.get("aria-labelledby")
            if not named and each.attributes.get("id") not in labelled:
                self.faults.append(f"<{each.name} name={each.attributes.get('name')}> has no label")

    def _in(self, name: str) -> bool:
        return any(each.name == name for each in self.open)

    def _fault(self, words: str) -> None:
        self.faults.append(f"{self.getpos()}: {words}")
