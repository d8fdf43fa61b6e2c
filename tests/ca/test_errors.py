import pickle
import sys
from dataclasses import fields

from ca.errors import CAError, PlanFault, PlanInvalid
from ledger.errors import DomainError


def every(kind: type[DomainError]) -> list[type[DomainError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in every(child))]


def test_every_error_speaks_two_languages_and_crosses_processes() -> None:
    codes = set()
    for kind in every(CAError):
        if kind is PlanInvalid:
            error: DomainError = PlanInvalid((PlanFault(3, "root.years", "不得大于 40", "must be at most 40"),))
        else:
            error = kind(*("x" for field in fields(kind)))
        chinese, english = error.message("zh"), error.message("en")
        assert english.isascii()
        assert not chinese.isascii()
        assert "{" not in chinese + english
        assert error.code.startswith("ca.")
        codes.add(error.code)
        assert pickle.loads(pickle.dumps(error)).message("zh") == chinese
    assert len(codes) == len(every(CAError)), "two errors share a code"


def test_the_tree_at_the_top_of_each_file_is_whole() -> None:
    for kind in every(CAError):
        documented = sys.modules[kind.__module__].__doc__ or ""
        named = {word for word in documented.replace("─", " ").split() if word[0].isupper()}
        assert kind.__name__ in named, f"{kind.__module__} draws no {kind.__name__}"


def test_a_fault_of_the_whole_file_names_no_line() -> None:
    fault = PlanFault(0, "(file)", "文件为空", "the file is empty")
    assert fault.message("zh") == "(file)：文件为空"
    assert fault.message("en") == "(file): the file is empty"
