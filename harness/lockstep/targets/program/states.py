"""States to messages and back.

Invariant: a state that is written and read again is the same state; every field is written.
"""

from __future__ import annotations

from lockstep.targets.program.ledger_messages import AccountMessage, MultisigMessage, StateMessage
from lockstep.targets.program.scalars import ContractError, read_bytes, read_key, read_u64
from lockstep_ledger.model import Account, Chain, ModelError, Multisig, State


def write_state(state: State) -> StateMessage:
    """Return the message that holds ``state``."""
    chain = state.chain
    return StateMessage(
        accounts={key.hex(): _write_account(each) for key, each in state.accounts.items()},
        chain_id=int(chain.chain_id),
        height=str(chain.height),
        burned=str(chain.burned),
        total_supply=str(chain.total_supply),
        timestamp=str(chain.timestamp),
    )


def read_state(message: StateMessage) -> State:
    """Return the state in ``message``. Raises ``ContractError``."""
    try:
        chain = Chain(
            message.chain_id,
            read_u64(message.height),
            read_u64(message.burned),
            read_u64(message.total_supply),
            read_u64(message.timestamp),
        )
        accounts = {read_key(key): _read_account(each) for key, each in message.accounts.items()}
        if len(accounts) != len(message.accounts):
            raise ContractError("an account is given twice, in upper and in lower case")
        return State(chain, accounts)
    except ModelError as error:
        raise ContractError(str(error)) from error


def write_multisig(multisig: Multisig | None) -> MultisigMessage | None:
    """Return the message of a configuration, None for none."""
    if multisig is None:
        return None
    return MultisigMessage(multisig.threshold, [each.hex() for each in multisig.participants])


def read_multisig(message: MultisigMessage | None) -> Multisig | None:
    """Return the configuration in ``message``. Raises ``ContractError`` or ``ModelError``."""
    if message is None:
        return None
    return Multisig(message.threshold, tuple(map(read_key, message.participants)))


def _write_account(account: Account) -> AccountMessage:
    return AccountMessage(
        nonce=str(account.nonce),
        balances={asset.hex(): str(amount) for asset, amount in account.balances.items()},
        multisig=write_multisig(account.multisig),
        energy=str(account.energy),
        frozen=str(account.frozen),
        flags=str(account.flags),
        data=account.data.hex(),
    )


def _read_account(message: AccountMessage) -> Account:
    return Account(
        read_u64(message.nonce),
        {read_key(asset): read_u64(amount) for asset, amount in message.balances.items()},
        read_multisig(message.multisig),
        read_u64(message.energy),
        read_u64(message.frozen),
        read_u64(message.flags),
        read_bytes(message.data),
    )
