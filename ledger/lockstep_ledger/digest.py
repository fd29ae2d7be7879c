"""The digest of a whole state, as the chain publishes it: BLAKE3-256 of a canonical form.

Invariant: it does not depend on the order of the accounts. It leaves out multisigs, the chain id
and all assets but the native one; who compares states compares those too. Source: the TOS
conformance vectors.
"""

from __future__ import annotations

from struct import Struct

from blake3 import blake3

from lockstep_ledger.model import NATIVE, U64_MAX, Account, Address, State

_CHAIN = Struct(">QQQQQ")
_ACCOUNT = Struct(">32sQQQQQQ")


def state_digest(state: State) -> bytes:
    """Return the 32-byte digest of ``state``.

    The sum of the accounts' energies has a u64 field: a sum beyond it, which no chain reaches but
    a generated state may, enters with its low 64 bits, so that every state has a digest.
    """
    chain, accounts = state.chain, state.accounts
    total_energy = sum(account.energy for account in accounts.values()) & U64_MAX
    parts = [
        _CHAIN.pack(chain.total_supply, chain.burned, total_energy, chain.height, chain.timestamp)
    ]
    parts += (_encode_account(address, accounts[address]) for address in sorted(accounts))
    return blake3(b"".join(parts)).digest()


def _encode_account(address: Address, account: Account) -> bytes:
    fields = _ACCOUNT.pack(
        address,
        account.balance(NATIVE),
        account.nonce,
        account.frozen,
        account.energy,
        account.flags,
        len(account.data),
    )
    return fields + account.data
