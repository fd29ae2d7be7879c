"""The table of planted faults: which class has which, and the smallest case that shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One planted fault.

    ``executor`` is ``module:Class``; ``needs`` says what a case must have for the fault to show;
    ``transactions`` and ``deviations`` are the known minimum, the size of the smallest case.
    """

    id: str
    name: str
    executor: str
    needs: str
    transactions: int = 1
    deviations: int = 0

    @property
    def case(self) -> str:
        """The file of the smallest case, in ``corpora/mutants``."""
        return f"{self.id}.json"


ROWS = (
    Row(
        "T01",
        "credit-shadow-map",
        "mutants.balances:CreditShadowMap",
        "a receiver with a balance",
    ),
    Row("T02a", "sender-not-debited", "mutants.balances:SenderNotDebited", "a payment"),
    Row("T02b", "fee-not-debited", "mutants.balances:FeeNotDebited", "a fee in coin"),
    Row(
        "T02c",
        "debit-saturates",
        "mutants.balances:DebitSaturates",
        "a payment above the balance",
    ),
    Row(
        "T03",
        "fee-kept-on-failure",
        "mutants.failures:FeeKeptOnFailure",
        "a fee in coin, too little for the rest",
    ),
    Row(
        "T04",
        "partial-transfer-residue",
        "mutants.failures:PartialTransferResidue",
        "a later output that overflows",
    ),
    Row(
        "T05-nonce",
        "premature-nonce",
        "mutants.failures:PrematureNonce",
        "a failure while applying",
    ),
    Row(
        "T05-multisig",
        "premature-multisig",
        "mutants.failures:PrematureMultisig",
        "a multisig with a bad signature",
    ),
    Row(
        "T05-fee",
        "premature-fee",
        "mutants.failures:PrematureFee",
        "a fee in coin, a failure while applying",
    ),
    Row(
        "T05-burned",
        "premature-burned",
        "mutants.failures:PrematureBurned",
        "a burn above the counter's limit",
    ),
    Row("T06", "multisig-set-never-merged", "mutants.kinds:MultisigNeverMerged", "a multisig"),
    Row(
        "T08",
        "loaded-counts-as-modified",
        "mutants.loading:LoadedCountsAsModified",
        "an entry read and not changed",
    ),
    Row("T09-burn", "burn-unsupported", "mutants.kinds:BurnUnsupported", "a burn"),
    Row("T09-multisig", "multisig-unsupported", "mutants.kinds:MultisigUnsupported", "a multisig"),
    Row(
        "T10",
        "multisig-not-enforced",
        "mutants.kinds:MultisigNotEnforced",
        "a source with a configuration",
    ),
    Row(
        "T17",
        "stale-sender-read",
        "mutants.loading:StaleSenderRead",
        "a source that the block has paid",
        transactions=2,
    ),
    Row("T19", "new-receiver-fails", "mutants.loading:NewReceiverFails", "an absent receiver"),
    Row(
        "X12a",
        "destinations-missing",
        "mutants.races:DestinationsMissing",
        "a payment to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X12b",
        "later-destinations-missing",
        "mutants.races:LaterDestinationsMissing",
        "a second output to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X12a-dag",
        "destinations-not-queued",
        "mutants.turns:DestinationsNotQueued",
        "a payment to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X12c",
        "credit-edge-missing",
        "mutants.credits:CreditEdgeMissing",
        "a payment to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X28",
        "counter-update-lost",
        "mutants.races:CounterUpdateLost",
        "two burns that count at once",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X28-credit",
        "credit-update-lost",
        "mutants.credits:CreditUpdateLost",
        "two payments to one receiver at once",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X29",
        "credits-checked-apart",
        "mutants.credits:CreditsCheckedApart",
        "two payments that overflow together only",
        transactions=2,
    ),
    Row(
        "X30",
        "any-failure-stops",
        "mutants.turns:AnyFailureStops",
        "an atomic block of two failures, the later one first",
        transactions=2,
        deviations=1,
    ),
)
"""In the order of the catalogue."""
