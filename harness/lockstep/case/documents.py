"""The shape of a case file: one document type per thing it can say.

Invariant: unknown fields are refused, defaults are left out, and every u64 is a decimal string.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from lockstep.case.judging import Codes, Part
from lockstep.case.values import Column
from lockstep_ledger.model import ChainId

MOST_WORKERS = 256
U64: TypeAlias = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,19})$")]
Workers: TypeAlias = Annotated[int, Meta(ge=1, le=MOST_WORKERS)]
Retries: TypeAlias = Annotated[int, Meta(ge=0, le=1_000)]
Name: TypeAlias = Annotated[str, Meta(min_length=1)]
UnderTest: TypeAlias = Annotated[str, Meta(pattern=r"^([^:]+:[^:]+)?$")]
"""A store by its class, ``module:Class``, or none."""


class _Closed(Struct, forbid_unknown_fields=True):
    pass


class MultisigDocument(_Closed):
    """A multisig configuration."""

    threshold: int
    participants: list[Name]


class AccountDocument(_Closed):
    """One account of the state."""

    nonce: U64 = "0"
    balances: dict[Name, U64] = {}
    multisig: MultisigDocument | None = None
    energy: U64 = "0"
    frozen: U64 = "0"
    flags: U64 = "0"
    data: str = ""


class StateDocument(_Closed):
    """The state a case starts from."""

    accounts: dict[Name, AccountDocument]
    chain_id: int = int(ChainId.DEVNET)
    height: U64 = "0"
    burned: U64 = "0"
    total_supply: U64 = "0"
    timestamp: U64 = "0"


class TransferDocument(_Closed):
    """One output; ``data`` is extra data in hex."""

    to: Name
    amount: U64
    asset: Name = "native"
    data: str | None = None


class CosignerDocument(_Closed):
    """One co-signature; ``signature`` is valid or invalid."""

    id: int
    signer: Name
    signature: str = "valid"


class _Signed(_Closed, kw_only=True):
    id: Name
    source: Name
    nonce: U64 = "0"
    fee: U64 = "0"
    fee_type: int | str = "tos"
    chain_id: int = int(ChainId.DEVNET)
    cosigners: list[CosignerDocument] | None = None
    signature: str = "valid"
    reference: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class TransfersDocument(_Signed, tag_field="kind", tag="transfers"):
    """A transfer transaction."""

    outputs: list[TransferDocument]


class BurnDocument(_Signed, tag_field="kind", tag="burn"):
    """A burn transaction."""

    amount: U64
    asset: Name = "native"


class SetMultisigDocument(_Signed, tag_field="kind", tag="set_multisig"):
    """A multisig transaction; threshold 0 without participants deletes."""

    threshold: int
    participants: list[Name]


class NonceBumpDocument(_Signed, tag_field="kind", tag="nonce_bump"):
    """A nonce bump."""


class RawDocument(_Closed, tag_field="kind", tag="raw"):
    """Wire bytes in hex."""

    id: Name
    wire: str


SignedDocument: TypeAlias = (
    TransfersDocument | BurnDocument | SetMultisigDocument | NonceBumpDocument
)


class RewardsDocument(_Closed):
    """What the block pays before its transactions."""

    dev: Name
    dev_amount: U64
    miner: Name
    miner_amount: U64


class MergeDiesDocument(_Closed, tag_field="fault", tag="merge_dies"):
    """The process ends in the merge after so many writes."""

    after: Annotated[int, Meta(ge=0, le=1_000_000_000)]


class ReadsFailDocument(_Closed, tag_field="fault", tag="reads_fail"):
    """Storage cannot read the account when the block is first executed; or only some of it."""

    account: Name
    column: Column | None = None
    asset: Name | None = None


class OnlookerDocument(_Closed, tag_field="fault", tag="onlooker"):
    """Somebody reads the storage while the block is executed and merged."""


class MergeFailsDocument(_Closed, tag_field="fault", tag="merge_fails"):
    """The first write of the merge fails, and the block is given up."""


FaultDocument: TypeAlias = (
    MergeDiesDocument | MergeFailsDocument | ReadsFailDocument | OnlookerDocument
)


class BlockDocument(_Closed, tag_field="step", tag="block"):
    """A block."""

    transactions: list[SignedDocument | RawDocument]
    policy: str = "skip"
    rewards: RewardsDocument | None = None
    fees_to: Name | None = None
    advances_height: bool = True
    fault: FaultDocument | None = None
    parallel: bool = True
    warm: bool = False
    dry_runs: Annotated[int, Meta(ge=0, le=8)] = 0


class RewindDocument(_Closed, tag_field="step", tag="rewind"):
    """Take back the newest blocks."""

    blocks: int


class ReceiptDocument(_Closed):
    """One receipt."""

    id: str
    code: str
    gas: U64 = "0"


class RejectionDocument(_Closed):
    """Why a block changed nothing."""

    code: str
    id: str | None = None


class OutcomeDocument(_Closed):
    """What one block gave."""

    receipts: list[ReceiptDocument] = []
    rejection: RejectionDocument | None = None
    modified_nonces: dict[Name, U64] = {}
    modified_balances: dict[Name, dict[Name, U64]] = {}
    modified_multisigs: dict[Name, MultisigDocument | None] = {}
    modified_energies: dict[Name, U64] = {}
    created: list[Name] = []
    burned: U64 = "0"
    fees: Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,38})$")] = "0"
    height: int = 0
    digest: str = ""
    faults: list[str] = []


class SettingDocument(_Closed):
    """Which executor ran the case, and how; ``storage`` is a store that was under test too."""

    name: Name
    workers: Workers
    driver: str
    access: str = "shared"
    deadline: Annotated[float, Meta(gt=0, le=86_400)] = 10.0
    memory: Annotated[int, Meta(gt=0, le=1_048_576)] = 2048
    isolated: bool = False
    storage: UnderTest = ""
    oracle: Name = "reference"
    codes: Codes = Codes.EXACT
    ignore: list[Part] = []
    invariants: bool = False
    env: dict[str, str] = {}
    cwd: str = ""
    preempt: Annotated[str, Meta(pattern="^(lines)?$")] = ""


class ReproductionDocument(_Closed):
    """How often a failure of a program came back, and in which manner."""

    failed: Annotated[int, Meta(ge=0)]
    runs: Annotated[int, Meta(ge=1, le=1_000_000)]
    mode: Annotated[str, Meta(pattern="^(parallel|sequential|server)$")] = "parallel"
    workers: Workers = 4
    seed: U64 | None = None
    jitter: U64 | None = None


class CaseDocument(_Closed):
    """A case that was run before on the same executor."""

    state: StateDocument
    steps: list[BlockDocument | RewindDocument]
    scheme: str = "keyed-hash"
    retries: Retries | None = None


class Document(_Closed):
    """A whole case file."""

    format: int
    state: StateDocument
    steps: list[BlockDocument | RewindDocument]
    origin: dict[str, str] = {}
    description: str = ""
    scheme: str = "keyed-hash"
    retries: Retries | None = None
    executor: SettingDocument | None = None
    schedule: list[str] = []
    trace: list[str] = []
    expected: list[OutcomeDocument] | None = None
    observed: list[OutcomeDocument] | None = None
    verdict: str = ""
    reproduction: ReproductionDocument | None = None
    after: Annotated[list[CaseDocument], Meta(max_length=1_000)] = []
