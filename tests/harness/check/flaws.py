"""One flaw for every check of the conformance suite: what a program could do wrong there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.harness.targets.program.inside import Flaw, Inside

Answer = Callable[[Any], Any]


def _error(request: Any, code: str) -> dict[str, Any]:
    key = request.get("id") if isinstance(request, dict) else None
    return {"type": "error", "id": key, "code": code, "text": "on purpose"}


def _kind(request: Any) -> object:
    return request.get("type") if isinstance(request, dict) else None


def speaks_another_version(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    return {**right, "protocol": 2} if "surprise" in str(request) else right


def takes_any_version(_: Inside, request: Any, answer: Answer) -> Any:
    return answer({**request, "protocol": 1} if _kind(request) == "hello" else request)


def echoes_ascii(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    if _kind(request) == "echo":
        right["text"] = right["text"].encode("ascii", "replace").decode()
    return right


def answers_anything(_: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "dance":
        return {"type": "dance", "id": request["id"]}
    return answer(request)


def takes_an_array(_: Inside, request: Any, answer: Answer) -> Any:
    return {"type": "reset", "id": None} if request == [] else answer(request)


def takes_nothing_for_something(_: Inside, request: Any, answer: Answer) -> Any:
    return {"type": "reset", "id": None} if request == b"" else answer(request)


def loses_energy(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    if _kind(request) == "export_state":
        for account in right["state"]["accounts"].values():
            account["energy"] = "0"
    return right


def keeps_its_state(_: Inside, request: Any, answer: Answer) -> Any:
    return request if _kind(request) == "reset" else answer(request)


def reads_strings_only(_: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "load_state" and isinstance(request["state"].get("height"), int):
        return _error(request, "malformed")
    return answer(request)


def cuts_numbers(_: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "load_state" and isinstance(request.get("state"), dict):
        request["state"]["height"] = "4"
    return answer(request)


def wants_no_surprise(_: Inside, request: Any, answer: Answer) -> Any:
    if "surprise" in str(request) and _kind(request) != "hello":
        return _error(request, "malformed")
    return answer(request)


def _one_fee_more(request: Any, answer: Answer, applies: bool) -> Any:
    right = answer(request)
    if applies:
        right["outcome"]["fees"] = str(int(right["outcome"]["fees"]) + 1)
    return right


def wrong_with(kind: str) -> Flaw:
    """Return a flaw that shows in blocks with a transaction of ``kind``."""

    def flaw(_: Inside, request: Any, answer: Answer) -> Any:
        applies = _kind(request) == "execute_block" and any(
            each["kind"] == kind for each in request["block"]["transactions"]
        )
        return _one_fee_more(request, answer, applies)

    return flaw


def wrong_under(field: str, value: object, *, differs: bool = False) -> Flaw:
    """Return a flaw that shows in blocks whose ``field`` is ``value``, or is not."""

    def flaw(_: Inside, request: Any, answer: Answer) -> Any:
        applies = _kind(request) == "execute_block" and (
            (request["block"][field] == value) != differs
        )
        return _one_fee_more(request, answer, applies)

    return flaw


def believes_every_signature(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    if _kind(request) == "execute_block":
        for receipt in right["outcome"]["receipts"]:
            if receipt["code"] == "INVALID_SIGNATURE":
                receipt["code"] = "SUCCESS"
    return right


def lists_what_it_touched(inside: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "load_state":
        inside.notes["state"] = request["state"]
    right = answer(request)
    if _kind(request) == "execute_block" and not right["outcome"]["rejection"]:
        for address, account in inside.notes["state"]["accounts"].items():
            right["outcome"]["modified_nonces"].setdefault(address, account["nonce"])
    return right


def counts_its_workers(_: Inside, request: Any, answer: Answer) -> Any:
    applies = _kind(request) == "execute_block" and request["workers"] == 8
    return _one_fee_more(request, answer, applies)


def forgets_repeats(inside: Inside, request: Any, answer: Answer) -> Any:
    """Go wrong at the fourth block, whatever it is."""
    count = inside.notes["count"] = inside.notes.get("count", 0) + (
        _kind(request) == "execute_block"
    )
    return _one_fee_more(request, answer, _kind(request) == "execute_block" and count == 4)


def falls_back(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    if _kind(request) == "execute_block" and len(request["block"]["transactions"]) < 2:
        right["statistics"] = {"mode": "sequential", "fallback": "too few transactions"}
    return right


def uses_too_many_workers(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    if _kind(request) == "execute_block":
        right["statistics"]["highest_concurrency"] = 20
    return right


def is_always_parallel(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    if _kind(request) == "execute_block":
        right["statistics"]["mode"] = "parallel"
    return right


_COUNTER = [0]


def ignores_the_schedule(_: Inside, request: Any, answer: Answer) -> Any:
    """Every process of it has a seed of its own."""
    if _kind(request) == "execute_block":
        _COUNTER[0] += 1
        request["schedule"] = {"seed": str(_COUNTER[0])}
    return answer(request)


def breaks_at_a_deadline(inside: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "execute_block" and request["deadline_ms"] == 1:
        inside.notes["broken"] = True
        return _error(request, "deadline")
    return _error(request, "internal") if inside.notes.get("broken") else answer(request)


def breaks_when_it_is_shaken(_: Inside, request: Any, answer: Answer) -> Any:
    shaken = _kind(request) == "execute_block" and int(request.get("jitter", 0)) % 4 == 3
    return _one_fee_more(request, answer, shaken)


def refuses_newer_minors(_: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "hello" and request.get("minor", 0) > 1:
        return _error(request, "version")
    return answer(request)


def chokes_on_secrets(_: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "load_state" and request.get("secrets"):
        return _error(request, "malformed")
    return answer(request)


def wrong_where(applies: Callable[[Any], bool]) -> Flaw:
    """Return a flaw that shows in blocks for which ``applies`` holds."""

    def flaw(_: Inside, request: Any, answer: Answer) -> Any:
        shows = _kind(request) == "execute_block" and applies(request)
        return _one_fee_more(request, answer, shows)

    return flaw


def _any_signed(**values: object) -> Callable[[Any], bool]:
    def applies(request: Any) -> bool:
        return any(
            each.get(name) == value
            for each in request["block"]["transactions"]
            for name, value in values.items()
        )

    return applies


def mistakes_the_chain(inside: Inside, request: Any, answer: Answer) -> Any:
    """Take every chain for the usual one."""
    if _kind(request) == "load_state" and isinstance(request.get("state"), dict):
        request["state"]["chain_id"] = 3
    return answer(request)


def wrong_at_height_0(inside: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "load_state" and isinstance(request.get("state"), dict):
        inside.notes["low"] = str(request["state"]["height"]) == "0"
    low = _kind(request) == "execute_block" and inside.notes.get("low", False)
    return _one_fee_more(request, answer, low)


def rewinds_twice_as_far(_: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "rewind" and request["blocks"] == 1:
        return answer({**request, "blocks": 2})
    return answer(request)


def rewinds_beyond_the_first(_: Inside, request: Any, answer: Answer) -> Any:
    right = answer(request)
    if _kind(request) == "rewind" and right["type"] == "error":
        return {"type": "rewind", "id": request["id"]}
    return right


def reads_the_newest(_: Inside, request: Any, answer: Answer) -> Any:
    """Whatever version is asked for, it is the newest."""
    if _kind(request) == "read_state":
        right = answer({**request, "type": "export_state"})
        return {**right, "type": "read_state"}
    return answer(request)


def ignores_older_versions(_: Inside, request: Any, answer: Answer) -> Any:
    if _kind(request) == "load_state":
        request.pop("versions", None)
    return answer(request)


def wrong_once_it_has_a_past(inside: Inside, request: Any, answer: Answer) -> Any:
    """Go wrong at the second block since a state was loaded."""
    if _kind(request) == "load_state":
        inside.notes["blocks"] = 0
    inside.notes["blocks"] = inside.notes.get("blocks", 0) + (_kind(request) == "execute_block")
    second = _kind(request) == "execute_block" and inside.notes["blocks"] == 2
    return _one_fee_more(request, answer, second)


def _older_reference(request: Any) -> bool:
    newest = int(request["topoheight"]) - 1
    signed = (each for each in request["block"]["transactions"] if "reference_hash" in each)
    return any(
        int(each["reference_topoheight"]) < newest and set(each["reference_hash"]) != {"0"}
        for each in signed
    )


FLAWS: Mapping[str, tuple[Flaw, ...]] = {
    "hello": (speaks_another_version,),
    "other versions": (takes_any_version,),
    "minor versions": (refuses_newer_minors,),
    "echo": (echoes_ascii,),
    "unknown message": (answers_anything,),
    "malformed": (takes_an_array,),
    "empty frame": (takes_nothing_for_something,),
    "export_state": (loses_energy,),
    "no_state and reset": (keeps_its_state,),
    "both forms of numbers": (reads_strings_only,),
    "widths of numbers": (cuts_numbers,),
    "unknown fields": (wants_no_surprise,),
    "payload transfers": (wrong_with("transfers"),),
    "payload burn": (wrong_with("burn"),),
    "payload set_multisig": (wrong_with("set_multisig"),),
    "payload nonce_bump": (wrong_with("nonce_bump"),),
    "payload undecodable": (wrong_with("undecodable"),),
    "payload unsupported": (wrong_with("unsupported"),),
    "policy skip": (wrong_under("policy", "skip"),),
    "policy atomic": (wrong_under("policy", "atomic"),),
    "terms rewards": (wrong_under("rewards", None, differs=True),),
    "terms fees_to": (wrong_under("fees_to", None, differs=True),),
    "terms lone": (wrong_under("advances_height", False),),
    "secrets": (chokes_on_secrets,),
    "fee_types": (wrong_where(_any_signed(fee_type=1)),),
    "chain_ids": (mistakes_the_chain,),
    "heights": (wrong_at_height_0,),
    "rewind": (rewinds_twice_as_far, rewinds_beyond_the_first),
    "read_state": (reads_the_newest,),
    "load_state with versions": (ignores_older_versions,),
    "history": (wrong_once_it_has_a_past,),
    "references": (wrong_where(_older_reference),),
    "signatures": (believes_every_signature,),
    "modified, not touched": (lists_what_it_touched,),
    "generated cases": (believes_every_signature, wrong_with("burn")),
    "workers and repeats": (counts_its_workers, forgets_repeats),
    "force_parallel": (falls_back, uses_too_many_workers),
    "mode sequential": (is_always_parallel,),
    "schedule seed": (ignores_the_schedule,),
    "schedule replay": (ignores_the_schedule,),
    "jitter": (breaks_when_it_is_shaken,),
    "deadline": (breaks_at_a_deadline,),
}
"""Flaws that need no process, by the check that must see each."""

PROCESS_FLAWS: Mapping[str, str] = {
    "frames in pieces": "one-read",
    "requests at once": "one-frame-a-read",
    "oversize frame": "patient",
    "end of input": "stays",
    "bye": "rude",
    "restart": "forgetful",
}
"""Flaws of ``misbehaving.py``, by the check that must see each."""
