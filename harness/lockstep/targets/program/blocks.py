"""Blocks to messages and back."""

from __future__ import annotations

from lockstep.targets.program.ledger_messages import BlockMessage, RewardsMessage, SignedMessage
from lockstep.targets.program.scalars import ContractError, read_bytes, read_key, read_u64
from lockstep.targets.program.signatures import Judge
from lockstep.targets.program.transactions import read_transaction, write_transaction
from lockstep_ledger.block import Block, Rewards
from lockstep_ledger.model import ModelError, Policy, Transaction
from lockstep_ledger.signatures import cosigned_message


def write_block(block: Block, scheme: str, judge: Judge | None = None) -> BlockMessage:
    """Return the message of ``block``, its signatures judged if ``judge`` is given."""
    rewards = block.rewards
    return BlockMessage(
        policy=block.policy.value,
        scheme=scheme,
        transactions=[write_transaction(each, judge) for each in block.transactions],
        rewards=None
        if rewards is None
        else RewardsMessage(
            rewards.dev.hex(),
            str(rewards.dev_amount),
            rewards.miner.hex(),
            str(rewards.miner_amount),
        ),
        fees_to=None if block.fees_to is None else block.fees_to.hex(),
        advances_height=block.advances_height,
    )


def read_block(message: BlockMessage) -> Block:
    """Return the block in ``message``. Raises ``ContractError``."""
    try:
        policy = Policy(message.policy)
    except ValueError:
        raise ContractError(f"unknown policy {message.policy!r}") from None
    rewards = message.rewards
    try:
        return Block(
            tuple(map(read_transaction, message.transactions)),
            policy,
            None
            if rewards is None
            else Rewards(
                read_key(rewards.dev),
                read_u64(rewards.dev_amount),
                read_key(rewards.miner),
                read_u64(rewards.miner_amount),
            ),
            None if message.fees_to is None else read_key(message.fees_to),
            message.advances_height,
        )
    except ModelError as error:
        raise ContractError(str(error)) from error


def said_valid(message: BlockMessage, block: Block) -> frozenset[tuple[bytes, bytes, bytes]]:
    """Return (key, message, signature) of every signature that ``message`` says is valid."""
    found: set[tuple[bytes, bytes, bytes]] = set()
    for said, envelope in zip(message.transactions, block.transactions, strict=True):
        content = envelope.content
        if not isinstance(content, Transaction):
            continue
        assert isinstance(said, SignedMessage)
        if said.signature_valid:
            found.add((content.source, envelope.signing_bytes, content.signature))
        if said.cosignatures:
            cosigned = cosigned_message(envelope.signing_bytes)
            for each in said.cosignatures:
                signature = read_bytes(each.signature)
                found.update((read_key(key), cosigned, signature) for key in each.valid_for or ())
    return frozenset(found)
