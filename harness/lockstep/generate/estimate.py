"""A rough forecast of balances, nonces and configurations while a case is decoded.

It aims amounts and nonces at the boundaries that matter (all that is left, one more than that); it
decides nothing, and a wrong forecast only makes a transaction fail that was meant to succeed.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockstep_ledger.model import U64_MAX, Address, Asset, Multisig, State


class Estimate:
    """What the decoder believes the ledger holds after the transactions so far.

    ``doubts`` counts the transactions of the block that are believed to fail, ``fees`` sums what
    the others pay.
    """

    __slots__ = ("balances", "burned", "configs", "doubts", "energies", "fees", "nonces")

    def __init__(self, state: State) -> None:
        self.nonces = {address: each.nonce for address, each in state.accounts.items()}
        self.balances = {
            (address, asset): amount
            for address, each in state.accounts.items()
            for asset, amount in each.balances.items()
        }
        self.configs: dict[Address, Multisig | None] = {
            address: each.multisig for address, each in state.accounts.items()
        }
        self.energies = {address: each.energy for address, each in state.accounts.items()}
        self.burned = state.chain.burned
        self.doubts = self.fees = 0

    def copy(self) -> Estimate:
        """Return the same belief, to go on from without changing this one."""
        copied = Estimate.__new__(Estimate)
        copied.nonces = self.nonces.copy()
        copied.balances = self.balances.copy()
        copied.configs = self.configs.copy()
        copied.energies = self.energies.copy()
        copied.burned, copied.doubts, copied.fees = self.burned, self.doubts, self.fees
        return copied

    def exists(self, address: Address) -> bool:
        """Tell whether the account is believed to exist."""
        return address in self.nonces

    def nonce(self, address: Address) -> int:
        """Return the nonce the account is believed to expect."""
        return self.nonces.get(address, 0)

    def balance(self, address: Address, asset: Asset) -> int:
        """Return the believed balance."""
        return self.balances.get((address, asset), 0)

    def config(self, address: Address) -> Multisig | None:
        """Return the believed configuration."""
        return self.configs.get(address)

    def credit(self, address: Address, asset: Asset, amount: int) -> None:
        """Believe that ``amount`` arrived."""
        self.nonces.setdefault(address, 0)
        self.balances[address, asset] = min(U64_MAX, self.balance(address, asset) + amount)

    def lose(self, address: Address, asset: Asset, amount: int) -> None:
        """Believe that ``amount`` left, or all there was."""
        self.balances[address, asset] = max(0, self.balance(address, asset) - amount)

    def spend(self, address: Address, amounts: Sequence[tuple[Asset, int]]) -> bool:
        """Believe that ``amounts`` left and the nonce went up; False if they cannot have."""
        needs: dict[Asset, int] = {}
        for asset, amount in amounts:
            needs[asset] = needs.get(asset, 0) + amount
        if any(self.balance(address, asset) < need for asset, need in needs.items()):
            return False
        for asset, need in needs.items():
            self.balances[address, asset] = self.balance(address, asset) - need
        self.nonces[address] = min(U64_MAX, self.nonce(address) + 1)
        return True
