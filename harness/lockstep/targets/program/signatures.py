"""Signatures checked on behalf of an executor that cannot check them, and the scheme that listens.

Invariant: a source's signature has one answer; a co-signature is tried with every key that its
signer id can stand for: the participant at that place in the configuration its source has before
the block, and in each one that the block's transactions of that source would set.
"""

from __future__ import annotations

from collections import defaultdict

from lockstep_ledger.block import Block
from lockstep_ledger.model import Address, SetMultisig, Transaction
from lockstep_ledger.signatures import KeyPair, Scheme, cosigned_message
from lockstep_ledger.storage.protocol import Reader


class Judge:
    """Checks the signatures of one block under ``scheme``, over the state before it."""

    def __init__(self, block: Block, before: Reader, scheme: Scheme) -> None:
        self._before = before
        self._scheme = scheme
        self._proposed: dict[Address, list[tuple[Address, ...]]] = defaultdict(list)
        for envelope in block.transactions:
            content = envelope.content
            if isinstance(content, Transaction) and isinstance(content.payload, SetMultisig):
                self._proposed[content.source].append(content.payload.participants)

    def source(self, transaction: Transaction, signing: bytes) -> bool:
        """Tell whether the source's signature is valid."""
        return self._scheme.verify(transaction.source, signing, transaction.signature)

    def cosigners(self, transaction: Transaction, signing: bytes) -> list[list[Address]]:
        """Return, for each co-signature, the keys it is valid for among those its id can mean."""
        message = cosigned_message(signing)
        return [
            [
                key
                for key in self._keys(transaction.source, each.signer_id)
                if self._scheme.verify(key, message, each.signature)
            ]
            for each in transaction.cosignatures or ()
        ]

    def _keys(self, source: Address, signer_id: int) -> list[Address]:
        stored = self._before.multisig(source)
        lists = [() if stored is None else stored.participants, *self._proposed.get(source, ())]
        found = (each[signer_id] for each in lists if signer_id < len(each))
        return list(dict.fromkeys(found))


class Told:
    """The scheme of an executor that believes what it is told; ``valid`` is set for every block.

    ``valid`` holds (public key, message, signature) of each valid signature.
    """

    name = "told"

    def __init__(self) -> None:
        self.valid: frozenset[tuple[bytes, bytes, bytes]] = frozenset()

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Refuse: only the harness signs."""
        raise NotImplementedError("a scheme that is told what is valid signs nothing")

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether this signature was said to be valid."""
        return (public, message, signature) in self.valid
