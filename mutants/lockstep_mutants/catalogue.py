"""The table of planted faults: which class has which, and the smallest case that shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One planted fault.

    ``executor`` is ``module:Class``; ``needs`` says what a case must have for the fault to show;
    ``transactions`` and ``deviations`` are the known minimum, the size of the smallest case.
    ``storage`` is the store that the fault is planted in, ``module:Class``, empty if it is in the
    executor.
    """

    id: str
    name: str
    executor: str
    needs: str
    transactions: int = 1
    deviations: int = 0
    storage: str = ""

    @property
    def case(self) -> str:
        """The file of the smallest case, in ``corpora/mutants``."""
        return f"{self.id}.json"


ROWS = (
    Row(
        "T01",
        "credit-shadow-map",
        "lockstep_mutants.balances:CreditShadowMap",
        "a receiver with a balance",
    ),
    Row("T02a", "sender-not-debited", "lockstep_mutants.balances:SenderNotDebited", "a payment"),
    Row("T02b", "fee-not-debited", "lockstep_mutants.balances:FeeNotDebited", "a fee in coin"),
    Row(
        "T02c",
        "debit-saturates",
        "lockstep_mutants.balances:DebitSaturates",
        "a payment above the balance",
    ),
    Row(
        "T03",
        "fee-kept-on-failure",
        "lockstep_mutants.failures:FeeKeptOnFailure",
        "a fee in coin, too little for the rest",
    ),
    Row(
        "T04",
        "partial-transfer-residue",
        "lockstep_mutants.failures:PartialTransferResidue",
        "a later output that overflows",
    ),
    Row(
        "T05-nonce",
        "premature-nonce",
        "lockstep_mutants.failures:PrematureNonce",
        "a failure while applying",
    ),
    Row(
        "T05-multisig",
        "premature-multisig",
        "lockstep_mutants.failures:PrematureMultisig",
        "a multisig with a bad signature",
    ),
    Row(
        "T05-fee",
        "premature-fee",
        "lockstep_mutants.failures:PrematureFee",
        "a fee in coin, a failure while applying",
    ),
    Row(
        "T05-burned",
        "premature-burned",
        "lockstep_mutants.failures:PrematureBurned",
        "a burn above the counter's limit",
    ),
    Row(
        "T06",
        "multisig-set-never-merged",
        "lockstep_mutants.kinds:MultisigNeverMerged",
        "a multisig",
    ),
    Row(
        "T08",
        "loaded-counts-as-modified",
        "lockstep_mutants.loading:LoadedCountsAsModified",
        "an entry read and not changed",
    ),
    Row(
        "T09-transfers",
        "transfers-unsupported",
        "lockstep_mutants.kinds:TransfersUnsupported",
        "a transfer",
    ),
    Row("T09-burn", "burn-unsupported", "lockstep_mutants.kinds:BurnUnsupported", "a burn"),
    Row(
        "T09-multisig",
        "multisig-unsupported",
        "lockstep_mutants.kinds:MultisigUnsupported",
        "a multisig",
    ),
    Row(
        "T10",
        "multisig-not-enforced",
        "lockstep_mutants.kinds:MultisigNotEnforced",
        "a source with a configuration",
    ),
    Row(
        "T11a",
        "reward-elsewhere",
        "lockstep_mutants.rewards:RewardElsewhere",
        "a reward",
        transactions=0,
    ),
    Row(
        "T11b",
        "reward-afterwards",
        "lockstep_mutants.rewards:RewardAfterwards",
        "a miner that spends its reward",
    ),
    Row(
        "T13",
        "crash-shifts-results",
        "lockstep_mutants.receipts:CrashShiftsResults",
        "a crash before another transaction",
        transactions=2,
    ),
    Row(
        "T14a",
        "lock-held-across-execution",
        "lockstep_mutants.merging:LockHeldAcrossExecution",
        "a block, read in the access mode shared",
        transactions=0,
    ),
    Row(
        "T14b",
        "published-by-batch",
        "lockstep_mutants.merging:PublishedByBatch",
        "a reader beside a later batch, in the access mode shared",
        transactions=2,
    ),
    Row(
        "T15",
        "new-account-not-registered",
        "lockstep_mutants.merging:NewAccountNotRegistered",
        "an absent receiver",
    ),
    Row(
        "T16",
        "merge-not-atomic",
        "lockstep_mutants.merging:MergeNotAtomic",
        "a merge that dies",
    ),
    Row(
        "T17",
        "stale-sender-read",
        "lockstep_mutants.loading:StaleSenderRead",
        "a source that the block has paid",
        transactions=2,
    ),
    Row(
        "T19",
        "new-receiver-fails",
        "lockstep_mutants.loading:NewReceiverFails",
        "an absent receiver, of a reward or of a transfer",
        transactions=0,
    ),
    Row(
        "T21",
        "executed-check-after-merge",
        "lockstep_mutants.remembering:ExecutedCheckAfterMerge",
        "the same transaction in two blocks",
        transactions=2,
    ),
    Row(
        "T22a",
        "nonce-unchecked",
        "lockstep_mutants.loading:NonceUnchecked",
        "a wrong nonce",
    ),
    Row(
        "T26a-wraps",
        "credit-wraps",
        "lockstep_mutants.limits:CreditWraps",
        "a credit above the limit",
    ),
    Row(
        "T26a-saturates",
        "credit-saturates",
        "lockstep_mutants.limits:CreditSaturates",
        "a credit above the limit",
    ),
    Row(
        "T26b",
        "burned-per-block",
        "lockstep_mutants.limits:BurnedPerBlock",
        "a burn above the counter's limit",
    ),
    Row(
        "T27",
        "setter-ignores-unloaded",
        "lockstep_mutants.pipelined:SetterIgnoresUnloaded",
        "a success on a state whose reads load nothing",
    ),
    Row(
        "T29",
        "foreign-burn-counted",
        "lockstep_mutants.kinds:ForeignBurnCounted",
        "a burn of another asset",
    ),
    Row(
        "T30",
        "receipts-zipped-with-set",
        "lockstep_mutants.receipts:ReceiptsZippedWithSet",
        "the same transaction twice in a block",
        transactions=2,
    ),
    Row(
        "X01",
        "storage-read-always-valid",
        "lockstep_mutants.optimistic:StorageReadAlwaysValid",
        "a payment of what was just received, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X03",
        "previous-incarnation-kept",
        "lockstep_mutants.optimistic:PreviousIncarnationKept",
        "a success, overtaking, that fails when run again",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X05",
        "new-write-does-not-revalidate",
        "lockstep_mutants.optimistic:NewWriteDoesNotRevalidate",
        "a payment of what was just received, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X07",
        "dependency-never-resumed",
        "lockstep_mutants.optimistic:DependencyNeverResumed",
        "a read of an estimate",
        transactions=3,
        deviations=2,
    ),
    Row(
        "X08",
        "failed-reads-not-recorded",
        "lockstep_mutants.optimistic:FailedReadsNotRecorded",
        "a payment of what was just received, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X09",
        "absence-not-recorded",
        "lockstep_mutants.optimistic:AbsenceNotRecorded",
        "a source that the block creates, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X10",
        "credit-invisible-to-reader",
        "lockstep_mutants.optimistic:CreditInvisibleToReader",
        "a payment of what was just received, overtaken, with credits that commute",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X12a",
        "destinations-missing",
        "lockstep_mutants.races:DestinationsMissing",
        "a payment to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X12b",
        "later-destinations-missing",
        "lockstep_mutants.races:LaterDestinationsMissing",
        "a second output to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X12a-dag",
        "destinations-not-queued",
        "lockstep_mutants.turns:DestinationsNotQueued",
        "a payment to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X12c",
        "credit-edge-missing",
        "lockstep_mutants.credits:CreditEdgeMissing",
        "a payment to a later source, overtaken",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X14",
        "cross-block-cache",
        "lockstep_mutants.optimistic:CrossBlockCache",
        "an aborted success, then a block that reads what it wrote",
        transactions=3,
        deviations=1,
    ),
    Row(
        "X16",
        "limit-outside-read-set",
        "lockstep_mutants.optimistic:LimitOutsideReadSet",
        "two burns that fit alone and not together, overtaking",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X16-block",
        "limit-before-the-block",
        "lockstep_mutants.optimistic:LimitBeforeTheBlock",
        "two burns that fit alone and not together",
        transactions=2,
    ),
    Row(
        "X18",
        "no-estimate-on-abort",
        "lockstep_mutants.optimistic:NoEstimateOnAbort",
        "an abort whose next incarnation writes there again",
        transactions=3,
        deviations=2,
    ),
    Row(
        "X19",
        "reuse-by-key-sets",
        "lockstep_mutants.optimistic:ReuseByKeySets",
        "a failure that has to be run again",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X22",
        "net-zero-written",
        "lockstep_mutants.pipelined:NetZeroWritten",
        "a balance that ends as it began",
    ),
    Row(
        "X23",
        "delete-shines-through",
        "lockstep_mutants.kinds:DeleteShinesThrough",
        "a deletion of a stored configuration",
    ),
    Row(
        "X28",
        "counter-update-lost",
        "lockstep_mutants.races:CounterUpdateLost",
        "two burns that count at once",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X28-credit",
        "credit-update-lost",
        "lockstep_mutants.credits:CreditUpdateLost",
        "two payments to one receiver at once",
        transactions=2,
        deviations=1,
    ),
    Row(
        "X29",
        "credits-unlimited",
        "lockstep_mutants.credits:CreditsUnlimited",
        "a payment that its receiver has no room for",
    ),
    Row(
        "X30",
        "any-failure-stops",
        "lockstep_mutants.turns:AnyFailureStops",
        "an atomic block of two failures, the later one first",
        transactions=2,
        deviations=1,
    ),
    Row(
        "S01",
        "cache-survives-rewind",
        "batched",
        "a success that is taken back",
        storage="lockstep_mutants.stores:CacheSurvivesRewind",
    ),
    Row(
        "S02",
        "cache-before-disk",
        "batched",
        "a success whose merge fails",
        storage="lockstep_mutants.stores:CacheBeforeDisk",
    ),
    Row(
        "S03",
        "torn-snapshot",
        "batched",
        "a success, and an onlooker at its merge",
        storage="lockstep_mutants.stores:TornSnapshot",
    ),
    Row(
        "S04",
        "iterator-misses-overlay",
        "batched",
        "an absent receiver, of a reward or of a transfer",
        transactions=0,
        storage="lockstep_mutants.stores:IteratorMissesOverlay",
    ),
    Row(
        "S05",
        "merge-acknowledged-and-lost",
        "batched",
        "a block before one whose merge fails",
        transactions=0,
        storage="lockstep_mutants.stores:MergeLost",
    ),
    Row(
        "S06",
        "version-links-to-itself",
        "batched",
        "a multisig taken back and set again at the same topoheight",
        transactions=2,
        storage="lockstep_mutants.stores:VersionLinksToItself",
    ),
)
"""In the order of the catalogue."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A fault that cannot be observed where it is planted: ``reason`` says why no case shows it."""

    id: str
    name: str
    executor: str
    reason: str


MASKED = (
    Masked(
        "T09-bump",
        "bump-unsupported",
        "lockstep_mutants.masked:BumpUnsupported",
        "a nonce bump has no effect besides nonce and fee, so its stub is the whole of it",
    ),
    Masked(
        "T27-loaded",
        "setter-ignores-unloaded-where-all-is-loaded",
        "lockstep_mutants.masked:SetterIgnoresUnloadedWhereAllIsLoaded",
        "the check of a nonce reads it from the block's table, which loads it, before it is set",
    ),
)
"""Faults of the catalogue that some executors hide; each was explored and never differed."""
