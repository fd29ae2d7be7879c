"""Decodes one record into one transaction, aimed by the forecast at the boundaries that matter."""

from __future__ import annotations

from collections.abc import Callable

from harness.case.names import GOLD, SILVER
from harness.case.values import AnyIntent, Cosigner, Intent, RawIntent
from harness.generate.accounts import Terms
from harness.generate.estimate import Estimate
from harness.generate.fees import estimated_fee
from harness.generate.records import Bytes, Shape
from ledger.model import (
    NATIVE,
    U64_MAX,
    Address,
    Asset,
    Burn,
    ChainId,
    FeeType,
    Multisig,
    NonceBump,
    Payload,
    SetMultisig,
    Transfer,
    Transfers,
)

_ASSETS = (*(NATIVE,) * 12, *(GOLD,) * 3, SILVER)
_KINDS = ("transfer",) * 9 + ("burn",) * 2 + ("multisig",) * 3 + ("bump",) * 2


def decode_transaction(
    key: str,
    record: bytes,
    terms: Terms,
    estimate: Estimate,
    earlier: list[AnyIntent],
    shape: Shape,
) -> AnyIntent:
    """Decode ``record`` into the transaction called ``key``; any bytes will do."""
    source = Bytes(record)
    flaw = source.byte()
    if flaw >= 252:
        return RawIntent(key, _raw(source))
    if flaw >= 244 and earlier:
        return _again(key, earlier[source.below(len(earlier))])
    sender = _sender(source.byte(), terms, len(earlier), shape)
    if flaw & 3 and not estimate.exists(sender):
        sender = terms.pool[0]
    payload = _payload(source, sender, terms, estimate, shape, len(earlier))
    cosigners = _cosigners(source, sender, estimate)
    fee_type, fee = _fee(source, sender, payload, cosigners, estimate)
    payload = _aim(source, sender, payload, fee, estimate)
    intent = Intent(
        id=key,
        source=sender,
        payload=payload,
        nonce=_nonce(source.byte(), estimate.nonce(sender)),
        fee=fee,
        fee_type=fee_type,
        chain_id=ChainId.DEVNET if flaw < 240 else ChainId.MAINNET,
        cosigners=cosigners,
        valid=not 236 <= flaw < 240,
    )
    _forecast(intent, estimate)
    return intent


def _again(key: str, intent: AnyIntent) -> AnyIntent:
    if isinstance(intent, RawIntent):
        return RawIntent(key, intent.wire)
    return Intent(
        key,
        intent.source,
        intent.payload,
        intent.nonce,
        intent.fee,
        intent.fee_type,
        intent.chain_id,
        intent.cosigners,
        intent.valid,
    )


def _raw(source: Bytes) -> bytes:
    head = bytes((1, ChainId.DEVNET)) + bytes(32)
    return source.pick((b"", b"\1", head + b"\1\0\0", head + b"\5", head + b"\6", b"\0" * 100))


def _sender(choice: int, terms: Terms, index: int, shape: Shape) -> Address:
    pool = terms.pool
    if shape is Shape.DENSE:
        pattern = terms.hot & 3
        if pattern == 0 and choice < 160:
            return pool[0]
        if pattern >= 2:
            return pool[index % len(pool)]
    return pool[choice * len(pool) >> 8]


def _receiver(choice: int, sender: Address, terms: Terms, index: int, shape: Shape) -> Address:
    pool = terms.pool
    if shape is Shape.DENSE:
        pattern = terms.hot & 3
        if pattern == 1 and choice < 160:
            return pool[-1]
        if pattern >= 2 and choice < 200:
            return pool[(index + 1) % len(pool)]
    if choice >= 250:
        return sender
    others = [each for each in pool if each != sender]
    return others[choice * len(others) // 250]


def _payload(
    source: Bytes, sender: Address, terms: Terms, estimate: Estimate, shape: Shape, index: int
) -> Payload:
    kind = source.pick(_KINDS)
    count, asset_choice, receiver, amount = (
        source.byte(),
        source.pick(_ASSETS),
        source.byte(),
        source.byte(),
    )
    if kind == "burn":
        return Burn(asset_choice, amount if amount < 250 else 0)
    if kind == "multisig":
        return _configuration(count, receiver, amount, sender, terms, estimate)
    if kind == "bump":
        return NonceBump()
    outputs = []
    for position in range(_output_count(count)):
        if position:
            receiver, amount = source.byte(), source.byte()
        destination = _receiver(receiver, sender, terms, index, shape)
        asset = asset_choice if amount & 1 or position == 0 else NATIVE
        outputs.append(Transfer(asset, destination, amount + 1, _extra_data(count, amount)))
    return Transfers(tuple(outputs))


def _output_count(choice: int) -> int:
    if choice >= 252:
        return (0, 33, 4, 2)[choice & 3]
    return 1 if choice < 150 else 2 if choice < 215 else 3


def _extra_data(count: int, amount: int) -> bytes | None:
    if count >= 252:
        return bytes(128)
    if amount < 240:
        return None
    return bytes((0, 1, 128, 129)[amount & 3])


def _configuration(
    shape: int, choice: int, threshold: int, sender: Address, terms: Terms, estimate: Estimate
) -> SetMultisig:
    others = [each for each in terms.pool if each != sender]
    if shape >= 170 and (estimate.config(sender) is not None or shape >= 245):
        return SetMultisig(0, ())
    participants = others[: 1 + choice % min(3, len(others))]
    if choice >= 128:
        participants.reverse()
    flawed: dict[int, Callable[[], SetMultisig]] = {
        239: lambda: SetMultisig(0, tuple(participants)),
        240: lambda: SetMultisig(1, ()),
        241: lambda: SetMultisig(1, (*participants, participants[0])),
        242: lambda: SetMultisig(len(participants) + 1, tuple(participants)),
        243: lambda: SetMultisig(1, (*participants, sender)),
    }
    if threshold in flawed:
        return flawed[threshold]()
    current = estimate.config(sender)
    if threshold >= 244 and current is not None:
        return SetMultisig(current.threshold, current.participants)
    return SetMultisig(1 + threshold % len(participants), tuple(participants))


def _cosigners(source: Bytes, sender: Address, estimate: Estimate) -> tuple[Cosigner, ...] | None:
    choice = source.byte()
    config = estimate.config(sender)
    if config is None:
        return None if choice < 248 else () if choice < 251 else (Cosigner(0, sender),)
    right = [
        Cosigner(position, config.participants[position])
        for position in range(min(config.threshold, len(config.participants)))
    ]
    match choice - 176:
        case behind if behind < 0:
            return tuple(right)
        case behind if behind < 24:
            return None
        case behind if behind < 40:
            return (*right[:-1], Cosigner(right[-1].signer_id, right[-1].signer, valid=False))
        case behind if behind < 50:
            return (*right, Cosigner(len(right), config.participants[-1]))
        case behind if behind < 60:
            return tuple(right[:-1])
        case behind if behind < 68:
            return (*right[:-1], Cosigner(200, right[-1].signer))
        case behind if behind < 74:
            return (right[0],) * len(right)
        case _:
            return tuple(reversed(right))


def _fee(
    source: Bytes,
    sender: Address,
    payload: Payload,
    cosigners: tuple[Cosigner, ...] | None,
    estimate: Estimate,
) -> tuple[int, int]:
    choice = source.byte()
    least = estimated_fee(payload, None if cosigners is None else len(cosigners))
    if choice >= 250:
        return ((2, least), (FeeType.ENERGY, 1), (7, 0))[choice % 3]
    if choice >= 244:
        return FeeType.ENERGY, 0
    if choice >= 236:
        beside = (least - 1, least + 1, estimate.balance(sender, NATIVE), U64_MAX)
        return FeeType.TOS, beside[choice & 3]
    by_energy = isinstance(payload, Transfers | NonceBump) and estimate.energies.get(sender, 0) > 0
    if by_energy and choice >= 128:
        return FeeType.ENERGY, 0
    return FeeType.TOS, least


def _aim(source: Bytes, sender: Address, payload: Payload, fee: int, estimate: Estimate) -> Payload:
    """Replace the last amount by one at a boundary, for part of the choices."""
    choice = source.byte()
    if choice < 160:
        return payload
    match payload:
        case Transfers(outputs) if outputs:
            last = outputs[-1]
            spent = sum(each.amount for each in outputs[:-1] if each.asset == last.asset)
            amount = _boundary(choice, sender, last.asset, spent, fee, estimate)
            if choice >= 248:
                room = U64_MAX - estimate.balance(last.destination, last.asset)
                amount = min(U64_MAX, room + (choice & 1))
            return Transfers(
                (*outputs[:-1], Transfer(last.asset, last.destination, amount, last.extra_data))
            )
        case Burn(asset, _):
            return Burn(asset, _boundary(choice, sender, asset, 0, fee, estimate))
        case _:
            return payload


def _boundary(
    choice: int, sender: Address, asset: Asset, spent: int, fee: int, estimate: Estimate
) -> int:
    left = estimate.balance(sender, asset) - spent - (fee if asset == NATIVE else 0)
    exact = max(0, left)
    values = (exact, exact, exact + 1, max(0, exact - 1), exact // 2, exact // 2 + 1, 0, U64_MAX)
    return min(U64_MAX, values[choice & 7])


def _nonce(choice: int, expected: int) -> int:
    if choice < 226:
        return expected
    beside = (expected + 1, expected - 1, 0, U64_MAX, expected + 2)[choice % 5]
    return min(U64_MAX, max(0, beside))


def _forecast(intent: Intent, estimate: Estimate) -> None:
    sender = intent.source
    if not _looks_valid(intent, estimate):
        return
    if intent.fee_type == FeeType.ENERGY:
        estimate.energies[sender] -= 1
    amounts: list[tuple[Asset, int]] = [(NATIVE, intent.fee)]
    match intent.payload:
        case Transfers(outputs):
            amounts += [(each.asset, each.amount) for each in outputs]
            if not _cannot_arrive(outputs, sender, estimate) and estimate.spend(sender, amounts):
                for each in outputs:
                    estimate.credit(each.destination, each.asset, each.amount)
        case Burn(asset, amount):
            estimate.spend(sender, [*amounts, (asset, amount)])
        case SetMultisig() as payload:
            if _is_sound(payload, sender) and estimate.spend(sender, amounts):
                estimate.configs[sender] = _new_config(payload)
        case NonceBump():
            estimate.spend(sender, amounts)


def _looks_valid(intent: Intent, estimate: Estimate) -> bool:
    sender, config, cosigners = intent.source, estimate.config(intent.source), intent.cosigners
    if not intent.valid or not estimate.exists(sender) or intent.nonce != estimate.nonce(sender):
        return False
    if (config is None) != (cosigners is None) or intent.chain_id != ChainId.DEVNET:
        return False
    if config is not None and cosigners is not None and not _satisfies(cosigners, config):
        return False
    if intent.fee_type == FeeType.ENERGY:
        return estimate.energies.get(sender, 0) > 0
    count = None if cosigners is None else len(cosigners)
    return intent.fee_type == FeeType.TOS and intent.fee >= estimated_fee(intent.payload, count)


def _satisfies(cosigners: tuple[Cosigner, ...], config: Multisig) -> bool:
    return len(cosigners) == config.threshold and all(
        each.valid and each.signer_id < len(config.participants) for each in cosigners
    )


def _cannot_arrive(outputs: tuple[Transfer, ...], sender: Address, estimate: Estimate) -> bool:
    return any(
        each.destination == sender
        or len(each.extra_data or b"") > 128
        or estimate.balance(each.destination, each.asset) + each.amount > U64_MAX
        for each in outputs
    )


def _is_sound(payload: SetMultisig, sender: Address) -> bool:
    unique = set(payload.participants)
    if payload.threshold == 0:
        return not unique
    return payload.threshold <= len(unique) == len(payload.participants) and sender not in unique


def _new_config(payload: SetMultisig) -> Multisig | None:
    if payload.threshold == 0:
        return None
    return Multisig(payload.threshold, payload.participants)
