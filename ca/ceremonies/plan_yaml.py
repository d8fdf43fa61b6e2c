"""YAML to plain values, with the line of every one of them, so that a fault can be pointed at."""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from ca.errors import PlanFault, PlanInvalid

_MAX_SIZE: Final = 256 * 1024
_MAX_DEPTH: Final = 8

Location = tuple[str | int, ...]
Plain = str | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Located:
    """A value and the 1-based line on which each part of it begins."""

    value: Plain
    lines: dict[Location, int]

    def line(self, location: Location) -> int:
        """Return the line of a part, or of the nearest part around it that is there."""
        while location not in self.lines and location:
            location = location[:-1]
        return self.lines.get(location, 0)


def dotted(location: Location) -> str:
    """Return a location as people write it: `seals[0].code`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".") or "(file)"


def load(text: str) -> Located:
    """Read YAML whose scalars are all taken as they are written; raises PlanInvalid.

    So a 14-digit code needs no quotes and `no` is not a truth value. Aliases and repeated keys are refused.
    """
    if len(text) > _MAX_SIZE:
        raise _whole("文件超过 256 KiB", "the file is larger than 256 KiB")
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = 0 if error.problem_mark is None else error.problem_mark.line + 1
        raise PlanInvalid((PlanFault(line, "(file)", "不是有效的 YAML", "this is not YAML"),)) from error
    except yaml.YAMLError as error:
        raise _whole("不是有效的 YAML", "this is not YAML") from error
    if node is None:
        raise _whole("文件为空", "the file is empty")
    lines: dict[Location, int] = {}
    faults: list[PlanFault] = []
    value = _convert(node, (), lines, faults)
    if faults:
        raise PlanInvalid(tuple(faults))
    return Located(value, lines)


def _whole(zh: str, en: str) -> PlanInvalid:
    return PlanInvalid((PlanFault(0, "(file)", zh, en),))


def _check_events(text: str) -> None:
    """Refuse aliases, which can make a small file huge, and deep nesting, which can exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = 0 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            fault = PlanFault(line, "(file)", "不支持 YAML 别名（*）", "YAML aliases (*) are not supported")
            raise PlanInvalid((fault,))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise PlanInvalid((PlanFault(line, "(file)", "嵌套层数过多", "too deeply nested"),))


def _convert(node: yaml.Node, location: Location, lines: dict[Location, int], faults: list[PlanFault]) -> Plain:
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_convert(item, (*location, index), lines, faults) for index, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return str(node.value)
    members: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        if key in members:
            line = key_node.start_mark.line + 1
            faults.append(PlanFault(line, dotted((*location, key)), "该项重复出现", "stands twice"))
        members[key] = _convert(value_node, (*location, key), lines, faults)
        lines[*location, key] = key_node.start_mark.line + 1
    return members
