"""A differential conformance harness and fuzzer for parallel transaction executors.

What other projects may import stands in ``__all__``, and by task in docs/api.md; whatever is not
there may change. Invariant: importing the package loads nothing; a name is loaded with its module
when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockstep.case.deviation import Deviation
    from lockstep.case.file import CaseFileError, Record, Setting, load, save, to_bytes
    from lockstep.case.names import account_name, address_named, asset_name, asset_named
    from lockstep.case.text import case_lines
    from lockstep.case.values import (
        AnyIntent,
        BlockStep,
        Case,
        Cosigner,
        Intent,
        MergeDies,
        Onlooker,
        PlannedFault,
        RawIntent,
        ReadsFail,
        RewindStep,
        Step,
    )
    from lockstep.faults import HarnessFault, UsageError
    from lockstep.generate.slots import Shape
    from lockstep.generate.strategies import cases
    from lockstep.run.result import BlockRun, Run
    from lockstep.targets.one_case import run_case
    from lockstep.verdict import Difference, Verdict
    from lockstep_ledger.block import Block, Envelope, Rewards, Undecodable, UnsupportedKind
    from lockstep_ledger.model import (
        NATIVE,
        U64_MAX,
        Account,
        Address,
        Asset,
        Burn,
        Chain,
        ChainId,
        Cosignature,
        FeeType,
        ModelError,
        Multisig,
        NonceBump,
        Payload,
        Policy,
        SetMultisig,
        State,
        Transaction,
        Transfer,
        Transfers,
    )
    from lockstep_ledger.outcome import (
        NO_CHANGES,
        BalanceKey,
        Changes,
        Code,
        Fault,
        Outcome,
        Receipt,
        Rejection,
        Statistics,
    )
    from lockstep_ledger.signatures import Scheme
    from lockstep_ledger.storage.protocol import Reader, Storage, StorageError
    from lockstep_parallel.executors.batched import Batched
    from lockstep_parallel.executors.block_executor import BlockExecutor, Result
    from lockstep_parallel.executors.dag import Dag
    from lockstep_parallel.executors.interface import Executor
    from lockstep_parallel.executors.optimistic.executor import Optimistic
    from lockstep_parallel.executors.pipelined import Pipelined
    from lockstep_parallel.rules.access import AccessList, access_list, conflict
    from lockstep_parallel.rules.overlay import Overlay
    from lockstep_parallel.rules.rules import Rules
    from lockstep_parallel.rules.state import BlockState
    from lockstep_parallel.steps.drivers.protocol import Crash, Driver, Hang, Task
    from lockstep_parallel.steps.ops import Kind, op
    from lockstep_parallel.steps.tables import Cell, Table

__all__ = [
    "NATIVE",
    "NO_CHANGES",
    "U64_MAX",
    "AccessList",
    "Account",
    "Address",
    "AnyIntent",
    "Asset",
    "BalanceKey",
    "Batched",
    "Block",
    "BlockExecutor",
    "BlockRun",
    "BlockState",
    "BlockStep",
    "Burn",
    "Case",
    "CaseFileError",
    "Cell",
    "Chain",
    "ChainId",
    "Changes",
    "Code",
    "Cosignature",
    "Cosigner",
    "Crash",
    "Dag",
    "Deviation",
    "Difference",
    "Driver",
    "Envelope",
    "Executor",
    "Fault",
    "FeeType",
    "Hang",
    "HarnessFault",
    "Intent",
    "Kind",
    "MergeDies",
    "ModelError",
    "Multisig",
    "NonceBump",
    "Onlooker",
    "Optimistic",
    "Outcome",
    "Overlay",
    "Payload",
    "Pipelined",
    "PlannedFault",
    "Policy",
    "RawIntent",
    "Reader",
    "ReadsFail",
    "Receipt",
    "Record",
    "Rejection",
    "Result",
    "Rewards",
    "RewindStep",
    "Rules",
    "Run",
    "Scheme",
    "SetMultisig",
    "Setting",
    "Shape",
    "State",
    "Statistics",
    "Step",
    "Storage",
    "StorageError",
    "Table",
    "Task",
    "Transaction",
    "Transfer",
    "Transfers",
    "Undecodable",
    "UnsupportedKind",
    "UsageError",
    "Verdict",
    "access_list",
    "account_name",
    "address_named",
    "asset_name",
    "asset_named",
    "case_lines",
    "cases",
    "conflict",
    "load",
    "op",
    "run_case",
    "save",
    "to_bytes",
]

_HOMES = {
    "lockstep.case.deviation": "Deviation",
    "lockstep.case.file": "CaseFileError Record Setting load save to_bytes",
    "lockstep.case.names": "account_name address_named asset_name asset_named",
    "lockstep.case.text": "case_lines",
    "lockstep.case.values": (
        "AnyIntent BlockStep Case Cosigner Intent MergeDies Onlooker PlannedFault "
        "RawIntent ReadsFail RewindStep Step"
    ),
    "lockstep.faults": "HarnessFault UsageError",
    "lockstep.generate.slots": "Shape",
    "lockstep.generate.strategies": "cases",
    "lockstep.run.result": "BlockRun Run",
    "lockstep.targets.one_case": "run_case",
    "lockstep.verdict": "Difference Verdict",
    "lockstep_ledger.block": "Block Envelope Rewards Undecodable UnsupportedKind",
    "lockstep_ledger.model": (
        "NATIVE U64_MAX Account Address Asset Burn Chain ChainId Cosignature FeeType "
        "ModelError Multisig NonceBump Payload Policy SetMultisig State Transaction "
        "Transfer Transfers"
    ),
    "lockstep_ledger.outcome": (
        "NO_CHANGES BalanceKey Changes Code Fault Outcome Receipt Rejection Statistics"
    ),
    "lockstep_ledger.signatures": "Scheme",
    "lockstep_ledger.storage.protocol": "Reader Storage StorageError",
    "lockstep_parallel.executors.batched": "Batched",
    "lockstep_parallel.executors.block_executor": "BlockExecutor Result",
    "lockstep_parallel.executors.dag": "Dag",
    "lockstep_parallel.executors.interface": "Executor",
    "lockstep_parallel.executors.optimistic.executor": "Optimistic",
    "lockstep_parallel.executors.pipelined": "Pipelined",
    "lockstep_parallel.rules.access": "AccessList access_list conflict",
    "lockstep_parallel.rules.overlay": "Overlay",
    "lockstep_parallel.rules.rules": "Rules",
    "lockstep_parallel.rules.state": "BlockState",
    "lockstep_parallel.steps.drivers.protocol": "Crash Driver Hang Task",
    "lockstep_parallel.steps.ops": "Kind op",
    "lockstep_parallel.steps.tables": "Cell Table",
}
"""The modules that the names come from, which ``TYPE_CHECKING`` tells to type checkers alone."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

if not TYPE_CHECKING:  # to a type checker every name would exist

    def __getattr__(name: str) -> object:
        """Load the module that ``name`` comes from."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
        return value

    def __dir__() -> list[str]:
        """Name what may be imported, loaded or not."""
        return __all__
