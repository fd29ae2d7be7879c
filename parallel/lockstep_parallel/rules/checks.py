"""The checks R0 to R10 of one transaction, written for a view whose reads suspend.

Invariant: the first check that fails gives the result, and no check stages anything. A passing
check returns ``Code.SUCCESS``, which is falsy, so that checks are chained by ``or``.
"""

from __future__ import annotations

from typing import assert_never

from lockstep_ledger.block import Content, Envelope, Undecodable, UnsupportedKind
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Address,
    Asset,
    Burn,
    FeeType,
    Multisig,
    NonceBump,
    Payload,
    SetMultisig,
    Transaction,
    Transfers,
)
from lockstep_ledger.outcome import Code
from lockstep_ledger.signatures import Scheme, cosigned_message
from lockstep_parallel.rules.view import Read, View

TRANSFERS_LIMIT = 500
PARTICIPANTS_LIMIT = 255
EXTRA_DATA_LIMIT = 128
EXTRA_DATA_SUM_LIMIT = 4096

FEE_PER_KILOBYTE = 10_000
FEE_PER_TRANSFER = 5_000
FEE_PER_COSIGNATURE = 5_000


class Checks:
    """One method per rule, and one per thing that a rule looks up."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme

    async def check(self, envelope: Envelope, transaction: Transaction, view: View) -> Code:
        """Run R1 to R10 in order and return the first failure, or success."""
        return (
            self.check_chain(transaction, view)
            or await self.check_source(transaction, view)
            or self.check_fee_type(transaction)
            or self.check_fee(transaction, envelope.size)
            or await self.check_nonce(transaction, view)
            or await self.check_fee_funds(transaction, view)
            or await self.check_payload(transaction, view)
            or self.check_signature(transaction, envelope.signing_bytes)
            or await self.check_cosignatures(transaction, envelope.signing_bytes, view)
            or await self.check_funds(transaction, view)
        )

    # What the rules look up.

    def current_nonce(self, source: Address, view: View) -> Read[int]:
        """Return the nonce that the next transaction of ``source`` must carry."""
        return view.nonce(source)

    def spendable(self, source: Address, asset: Asset, view: View) -> Read[int]:
        """Return what ``source`` has of ``asset``."""
        return view.balance(source, asset)

    def current_multisig(self, source: Address, view: View) -> Read[Multisig | None]:
        """Return the configuration that binds ``source``."""
        return view.multisig(source)

    def spending(self, transaction: Transaction) -> dict[Asset, int]:
        """Return what the source pays per asset: outputs in first-seen order, then the fee."""
        sums: dict[Asset, int] = {}
        match transaction.payload:
            case Transfers(outputs):
                for output in outputs:
                    sums[output.asset] = sums.get(output.asset, 0) + output.amount
            case Burn(asset, amount):
                sums[asset] = amount
            case SetMultisig() | NonceBump():
                pass
            case unknown:
                assert_never(unknown)
        if transaction.fee:
            sums[NATIVE] = sums.get(NATIVE, 0) + transaction.fee
        return sums

    def remaining(self, balance: int, amount: int) -> int:
        """Return what is left of ``balance`` after ``amount``, negative if it is too little."""
        return balance - amount

    def minimum_fee(self, transaction: Transaction, size: int) -> int:
        """Return the least fee in the native asset for a transaction of ``size`` wire bytes."""
        match transaction.payload:
            case Transfers(outputs):
                transfers = len(outputs)
            case NonceBump():
                transfers = 1
            case Burn() | SetMultisig():
                transfers = 0
            case unknown:
                assert_never(unknown)
        kilobytes = (size + 1023) // 1024
        return (
            kilobytes * FEE_PER_KILOBYTE
            + transfers * FEE_PER_TRANSFER
            + len(transaction.cosignatures or ()) * FEE_PER_COSIGNATURE
        )

    # The rules, in checking order.

    def check_format(self, content: Content) -> Code:
        """R0: what arrived is a transaction this ledger models, within the format's limits."""
        match content:
            case Undecodable():
                return Code.INVALID_FORMAT
            case UnsupportedKind():
                return Code.NOT_IMPLEMENTED
            case Transaction(payload=Transfers(outputs)) if (
                not 1 <= len(outputs) <= TRANSFERS_LIMIT
            ):
                return Code.INVALID_FORMAT
            case Transaction(cosignatures=tuple(cosignatures)):
                signers = {each.signer_id for each in cosignatures}
                if len(signers) < len(cosignatures):
                    return Code.INVALID_FORMAT
        return Code.SUCCESS

    def check_chain(self, transaction: Transaction, view: View) -> Code:
        """R1: the transaction is meant for this network."""
        return Code.SUCCESS if transaction.chain_id == view.chain_id else Code.INVALID_TYPE

    async def check_source(self, transaction: Transaction, view: View) -> Code:
        """R2: the source account exists."""
        found = await view.exists(transaction.source)
        return Code.SUCCESS if found else Code.ACCOUNT_NOT_FOUND

    def check_fee_type(self, transaction: Transaction) -> Code:
        """R3: the fee is of a known type; energy pays for transfers only, and costs no coin."""
        match transaction.fee_type:
            case FeeType.TOS:
                return Code.SUCCESS
            case FeeType.ENERGY:
                if not self.may_use_energy(transaction.payload):
                    return Code.INVALID_FORMAT
                return Code.INVALID_PAYLOAD if transaction.fee else Code.SUCCESS
            case _:
                return Code.INVALID_FORMAT

    def may_use_energy(self, payload: Payload) -> bool:
        """Tell whether energy can pay for this kind of payload."""
        match payload:
            case Transfers() | NonceBump():
                return True
            case Burn() | SetMultisig():
                return False
            case unknown:
                assert_never(unknown)

    def check_fee(self, transaction: Transaction, size: int) -> Code:
        """R4: a fee in the native asset covers size, transfers and co-signatures."""
        if transaction.fee_type != FeeType.TOS:
            return Code.SUCCESS
        enough = transaction.fee >= self.minimum_fee(transaction, size)
        return Code.SUCCESS if enough else Code.INSUFFICIENT_FEE

    async def check_nonce(self, transaction: Transaction, view: View) -> Code:
        """R5: the nonce is the account's next one, and has a successor."""
        current = await self.current_nonce(transaction.source, view)
        if transaction.nonce < current:
            return Code.NONCE_TOO_LOW
        if transaction.nonce > current:
            return Code.NONCE_TOO_HIGH
        return Code.OVERFLOW if current == U64_MAX else Code.SUCCESS

    async def check_fee_funds(self, transaction: Transaction, view: View) -> Code:
        """R6: the source can pay the fee alone, in coin or in energy."""
        if transaction.fee_type == FeeType.ENERGY:
            energy = await view.energy(transaction.source)
            return Code.SUCCESS if energy >= 1 else Code.INSUFFICIENT_ENERGY
        balance = await self.spendable(transaction.source, NATIVE, view)
        return Code.SUCCESS if balance >= transaction.fee else Code.INSUFFICIENT_FEE

    async def check_payload(self, transaction: Transaction, view: View) -> Code:
        """R7: the payload makes sense in itself."""
        match transaction.payload:
            case Transfers() as transfers:
                return self.check_transfers(transaction.source, transfers)
            case Burn() as burn:
                return self.check_burn(transaction.fee, burn)
            case SetMultisig() as change:
                return await self.check_multisig(transaction.source, change, view)
            case NonceBump():
                return Code.SUCCESS
            case unknown:
                assert_never(unknown)

    def check_transfers(self, source: Address, transfers: Transfers) -> Code:
        """R7, transfers: nobody pays itself, and extra data stays small."""
        total = 0
        for output in transfers.outputs:
            if output.destination == source:
                return Code.SELF_OPERATION
            length = len(output.extra_data or b"")
            if length > EXTRA_DATA_LIMIT:
                return Code.INVALID_PAYLOAD
            total += length
        return Code.INVALID_PAYLOAD if total > EXTRA_DATA_SUM_LIMIT else Code.SUCCESS

    def check_burn(self, fee: int, burn: Burn) -> Code:
        """R7, burn: something is burned, and amount and fee fit together."""
        if burn.amount == 0:
            return Code.INVALID_AMOUNT
        return Code.INVALID_FORMAT if burn.amount + fee > U64_MAX else Code.SUCCESS

    async def check_multisig(self, source: Address, change: SetMultisig, view: View) -> Code:
        """R7, multisig: a deletion finds a configuration; a new one is well formed."""
        participants = change.participants
        count = len(participants)
        if change.threshold == 0:
            if participants or await self.current_multisig(source, view) is None:
                return Code.INVALID_PAYLOAD
            return Code.SUCCESS
        if count == 0:
            return Code.INVALID_FORMAT
        if count > PARTICIPANTS_LIMIT:
            return Code.INVALID_PAYLOAD
        if len(set(participants)) < count:
            return Code.INVALID_SIGNATURE
        if change.threshold > count or source in participants:
            return Code.INVALID_PAYLOAD
        return Code.SUCCESS

    def check_signature(self, transaction: Transaction, signing_bytes: bytes) -> Code:
        """R8: the source signed."""
        valid = self.scheme.verify(transaction.source, signing_bytes, transaction.signature)
        return Code.SUCCESS if valid else Code.INVALID_SIGNATURE

    async def check_cosignatures(
        self, transaction: Transaction, signing_bytes: bytes, view: View
    ) -> Code:
        """R9: exactly as many participants co-signed as the source's configuration asks."""
        config = await self.current_multisig(transaction.source, view)
        given = transaction.cosignatures
        if config is None:
            return Code.SUCCESS if given is None else Code.INVALID_PAYLOAD
        if given is None or len(given) != config.threshold:
            return Code.INVALID_PAYLOAD
        message = cosigned_message(signing_bytes)
        for each in given:
            if each.signer_id >= len(config.participants):
                return Code.INVALID_PAYLOAD
            participant = config.participants[each.signer_id]
            if not self.scheme.verify(participant, message, each.signature):
                return Code.INVALID_SIGNATURE
        return Code.SUCCESS

    async def check_funds(self, transaction: Transaction, view: View) -> Code:
        """R10: per asset, what is paid fits its width and the source's balance."""
        for asset, amount in self.spending(transaction).items():
            if amount > U64_MAX:
                return Code.OVERFLOW
            balance = await self.spendable(transaction.source, asset, view)
            if self.remaining(balance, amount) < 0:
                return Code.INSUFFICIENT_BALANCE
        return Code.SUCCESS
