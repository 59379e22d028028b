"""Value and command templates of discovery: Jinja2 in a sandbox whose time and memory are bounded.

A template comes from whoever may write to the broker. Only expressions, `if` and `set` are let through: no loop, macro
or import; only harmless filters, tests and string methods; and no intermediate result longer than `LIMIT`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

from jinja2 import Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

SOURCE_LIMIT = 4096
"""Characters that a template may have."""
LIMIT = 65_536
"""Characters and items that anything inside a template may hold."""

_NODES: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Test,
    nodes.Filter,
    nodes.Concat,
    nodes.Dict,
    nodes.Pair,
    nodes.List,
    nodes.Tuple,
    nodes.Assign,
    nodes.Call,
    nodes.Keyword,
)
_METHODS = frozenset(
    {"get", "items", "keys", "values", "lower", "upper", "title", "capitalize", "strip", "lstrip", "rstrip"}
    | {"split", "startswith", "endswith", "find", "index", "count"}
)
_KEPT_FILTERS = frozenset(
    {"abs", "capitalize", "default", "d", "first", "last", "length", "count", "lower", "upper", "title"}
    | {"trim", "string", "max", "min", "sum", "round", "list"}
)
_MAX_NUMBER = 1e18


class TemplateProblem(ValueError):
    """A template that is broken, or asks for more than the sandbox gives, or a payload it fails on."""


class Payload:
    """One message's text; `json` is parsed once for all templates that look at it, None where it is not JSON."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def json(self) -> Any:
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


def compiled(source: str) -> Template:
    """The template of `source`. Raises TemplateProblem."""
    if len(source) > SOURCE_LIMIT:
        raise TemplateProblem(f"template of {len(source)} characters, {SOURCE_LIMIT} are allowed")
    found = _compiled(source)
    if isinstance(found, TemplateProblem):
        raise found
    return found


def value_of(source: str, payload: Payload) -> str:
    """What a value template makes of a payload; the payload itself where there is no template. Raises TemplateProblem."""
    if not source:
        return payload.text
    if len(payload.text) > LIMIT:
        raise TemplateProblem(f"payload of {len(payload.text)} characters for a template")
    variables: dict[str, Any] = {"value": payload.text}
    if payload.json is not None:
        variables["value_json"] = payload.json
    return render(source, variables)


def render(source: str, variables: Mapping[str, Any]) -> str:
    """The text that a template makes of `variables`. Raises TemplateProblem."""
    template = compiled(source)
    try:
        return template.render(variables).strip()
    except TemplateProblem:
        raise
    except (
        TemplateError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as error:
        raise TemplateProblem(f"template failed: {type(error).__name__}: {error}"[:300]) from None


@lru_cache(maxsize=4096)
def _compiled(source: str) -> Template | TemplateProblem:
    try:
        return _ENVIRONMENT.from_string(_bounded_tree(source))
    except TemplateProblem as problem:
        return problem
    except (TemplateError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return TemplateProblem(f"broken template: {error}"[:300])


def _bounded_tree(source: str) -> nodes.Template:
    tree = _ENVIRONMENT.parse(source)
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _NODES):
            raise TemplateProblem(f"templates may not use {type(node).__name__.lower()} here")
    bounded = _Bounds().visit(tree)
    assert isinstance(bounded, nodes.Template)
    return bounded


class _Bounds(NodeTransformer):
    """Puts the size check around what may grow: what is kept in a variable, and what is joined."""

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:
        self.generic_visit(node)
        node.node = _filter(node.node, "bounded")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes), "join")

    def visit_Add(self, node: nodes.Add) -> nodes.Node:
        self.generic_visit(node)
        return _filter(node, "bounded")


def _filter(node: nodes.Node, name: str) -> nodes.Filter:
    filtered = nodes.Filter(node, name, [], [], None, None)
    filtered.set_lineno(node.lineno or 1)
    return filtered


class _Sandbox(ImmutableSandboxedEnvironment):
    """Attributes only of data, calls only of the methods and functions named above, arithmetic only on numbers."""

    intercepted_binops = frozenset({"*", "%", "**", "//"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        # `value_json.update` means the payload's key, not the method of a dict.
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr in _METHODS and isinstance(obj, (str, dict, list, tuple))

    def is_safe_callable(self, obj: Any) -> bool:
        owner = getattr(obj, "__self__", None)
        return obj in _FUNCTIONS.values() or isinstance(owner, (str, dict, list, tuple))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, (int, float)) and abs(side) < _MAX_NUMBER for side in (left, right)):
            raise SecurityError(f"'{operator}' takes numbers only")
        return super().call_binop(context, operator, left, right)


def bounded(value: Any, budget: int = LIMIT) -> Any:
    """`value`, where all that it holds is within the limit; what is shared counts as often as it is seen."""
    stack, seen = [value], 0
    while stack:
        item = stack.pop()
        seen += len(item) if isinstance(item, (str, bytes)) else 1
        if isinstance(item, Mapping):
            stack.extend(item.values())
            seen += len(item)
        elif isinstance(item, (list, tuple, set)):
            stack.extend(item)
        if seen + len(stack) > budget:
            raise TemplateProblem("a template's value grew too long")
    return value


def _join(values: Iterable[Any], separator: str = "") -> str:
    parts = [str(bounded(value)) for value in values]
    if sum(map(len, parts)) + len(separator) * len(parts) > LIMIT:
        raise TemplateProblem("a template's value grew too long")
    return separator.join(parts)


def _replace(text: Any, old: str, new: str) -> str:
    return _join(str(bounded(text)).split(str(old)), str(new)) if old else str(text)


def _integer(value: Any, default: Any = 0, base: int = 10) -> Any:
    try:
        return int(value, base) if isinstance(value, str) and base != 10 else int(float(value))
    except (TypeError, ValueError, OverflowError):
        return default


def _float(value: Any, default: Any = 0.0) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return default


def _iif(value: Any, if_true: Any = True, if_false: Any = False) -> Any:
    return if_true if value else if_false


def _is_defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise TemplateProblem("the payload has no such value")
    return value


def _to_json(value: Any) -> str:
    return json.dumps(bounded(value), ensure_ascii=False)


def _from_json(value: str) -> Any:
    return json.loads(bounded(value))


_FUNCTIONS: dict[str, Callable[..., Any]] = {"int": _integer, "float": _float, "iif": _iif}


def _environment() -> _Sandbox:
    environment = _Sandbox(autoescape=False)
    kept = {name: environment.filters[name] for name in _KEPT_FILTERS}
    environment.filters = {
        **kept,
        **_FUNCTIONS,
        "bounded": bounded,
        "from_json": _from_json,
        "is_defined": _is_defined,
        "join": _join,
        "replace": _replace,
        "to_json": _to_json,
        "tojson": _to_json,
    }
    environment.globals = dict(_FUNCTIONS)
    return environment


_ENVIRONMENT = _environment()
