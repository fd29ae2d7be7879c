"""What a block needs an executor to be able to do, held against what it says it can.

Invariant: a block of which any part is not declared is refused with the first thing missing, so
that nothing is compared that an executor never claimed.
"""

from __future__ import annotations

from lockstep.case.realise import NO_REFERENCE
from lockstep.generate.references import BEFORE_CHANGE, OLDER, TIP
from lockstep.targets.program.capabilities import PRECOMPUTED, CapabilitiesMessage
from lockstep.targets.program.scalars import read_u64
from lockstep.targets.program.transactions import arrives_by_wire
from lockstep_ledger.block import Block, Content, Envelope, Undecodable, UnsupportedKind
from lockstep_ledger.model import Burn, NonceBump, SetMultisig, State, Transaction, Transfers

_KINDS = {
    Transfers: "transfers",
    Burn: "burn",
    SetMultisig: "set_multisig",
    NonceBump: "nonce_bump",
    Undecodable: "undecodable",
    UnsupportedKind: "unsupported",
}


def missing(
    block: Block,
    before: State,
    scheme: str,
    capabilities: CapabilitiesMessage,
    topoheight: int = 0,
) -> tuple[str, str] | None:
    """Return the capability that executing ``block`` on ``before`` lacks, as (name, what).

    ``topoheight`` is the number of the version that ``before`` is.
    """
    for name, needed, declared in (
        ("payloads", _payloads(block, before), capabilities.payloads),
        ("policies", {block.policy.value}, capabilities.policies),
        ("terms", _terms(block), capabilities.terms),
    ):
        lacking = sorted(needed.difference(declared))
        if lacking:
            return name, ", ".join(lacking)
    if not {scheme, PRECOMPUTED} & set(capabilities.signatures):
        return "signatures", scheme
    if capabilities.decodes_wire and not all(map(_arrives, block.transactions)):
        return "decodes_wire", "a transaction that cannot arrive by wire"
    return (
        _beyond_values(block, before, capabilities)
        or _unknown_references(block, topoheight, capabilities)
        or _beyond_limits(block, before, capabilities)
    )


def kind_of(content: Content) -> str:
    """Return the name of the kind of ``content``."""
    return _KINDS[type(content.payload if isinstance(content, Transaction) else content)]


def _payloads(block: Block, before: State) -> set[str]:
    contents = [envelope.content for envelope in block.transactions]
    kinds = set(map(kind_of, contents))
    if any(isinstance(each, Transaction) and each.cosignatures is not None for each in contents):
        kinds.add("set_multisig")
    if any(account.multisig is not None for account in before.accounts.values()):
        kinds.add("set_multisig")
    return kinds


def _terms(block: Block) -> set[str]:
    terms = {"rewards": block.rewards is not None, "fees_to": block.fees_to is not None}
    return {name for name, used in terms.items() if used} | (
        set() if block.advances_height else {"lone"}
    )


def _arrives(envelope: Envelope) -> bool:
    content = envelope.content
    return not isinstance(content, Transaction) or arrives_by_wire(content)


def _signed(block: Block) -> list[Transaction]:
    contents = (envelope.content for envelope in block.transactions)
    return [each for each in contents if isinstance(each, Transaction)]


def _beyond_values(
    block: Block, before: State, capabilities: CapabilitiesMessage
) -> tuple[str, str] | None:
    """Return the first value that is none of those which are declared."""
    chain, heights = before.chain, capabilities.heights
    for name, found, declared in (
        ("fee_types", {int(each.fee_type) for each in _signed(block)}, capabilities.fee_types),
        ("chain_ids", {int(chain.chain_id)}, capabilities.chain_ids),
    ):
        lacking = sorted(found.difference(declared)) if declared is not None else []
        if lacking:
            return name, ", ".join(map(str, lacking))
    if heights is not None:
        lowest, highest = read_u64(heights.lowest), read_u64(heights.highest)
        if not lowest <= chain.height <= highest:
            return "heights", f"{chain.height}, outside {lowest}..{highest}"
    return None


def _unknown_references(
    block: Block, topoheight: int, capabilities: CapabilitiesMessage
) -> tuple[str, str] | None:
    declared = set(capabilities.references)
    for each in _signed(block):
        if each.reference_hash == NO_REFERENCE:
            continue
        newest = each.reference_topoheight == topoheight
        if not declared & ({TIP} if newest else {OLDER, BEFORE_CHANGE}):
            return "references", "the newest version" if newest else "an older version"
    return None


def _beyond_limits(
    block: Block, before: State, capabilities: CapabilitiesMessage
) -> tuple[str, str] | None:
    limits = capabilities.limits
    for name, number, limit in (
        ("transactions", len(block.transactions), limits.transactions),
        ("accounts", len(before.accounts), limits.accounts),
    ):
        if limit is not None and number > limit:
            return "limits", f"{number} {name}, above {limit}"
    return None
