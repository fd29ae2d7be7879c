/**
 * Executes a block: rewards, transactions, fees, height, and the outcome of it all.
 *
 * Under both policies the transactions run as under `skip`. Up to the first that fails this gives
 * what `atomic` gives, and after it `atomic` asks for nothing.
 */

import { changesIn, nothing } from "./changes.js";
import { runInParallel, runSequentially } from "./paths.js";
import { U64_MAX } from "./values.js";
import { WorkingState } from "./working_state.js";

/** A block with fewer transactions is not worth a parallel path, unless that is forced. */
export const LEAST_TRANSACTIONS = 2;

/**
 * @param {import("./state.js").State} before not changed
 * @param {import("./block.js").Block} block
 * @param {import("./paths.js").Manner & { mode: string, forced: boolean }} manner
 * @returns the outcome, and the working state to keep, null of a rejected block
 */
export async function execute(before, block, manner) {
  const working = new WorkingState(before);
  const isPaid = payRewards(working, block.rewards);
  const { codes, statistics, trace } = await runTransactions(block.transactions, working, manner);
  const { outcome, isKept } = concluded(block, working, codes, isPaid);
  return { outcome, statistics, trace, working: isKept ? working : null };
}

/** Takes the path that is wanted, or says why not. */
async function runTransactions(transactions, working, manner) {
  if (manner.mode === "sequential") return runSequentially(transactions, working, manner);
  if (manner.forced || transactions.length >= LEAST_TRANSACTIONS) {
    return runInParallel(transactions, working, manner);
  }
  const run = runSequentially(transactions, working, manner);
  run.statistics.fallback = `fewer than ${LEAST_TRANSACTIONS} transactions`;
  return run;
}

function payRewards(working, rewards) {
  if (rewards === null) return true;
  const { dev, devAmount, miner, minerAmount } = rewards;
  return working.pay(dev, devAmount) && working.pay(miner, minerAmount);
}

/** Judges the block as a whole, after its transactions, in the order of its steps. */
function concluded(block, working, codes, isPaid) {
  if (!isPaid) return rejected([], "OVERFLOW");
  const receipts = codes.map((code, index) => receipt(block.transactions[index], code, index));
  const failing = codes.findIndex((code) => code !== "SUCCESS");
  if (block.policy === "atomic" && failing >= 0) {
    return rejected(receipts.slice(0, failing + 1), codes[failing], failing);
  }
  const fees = receipts.reduce((sum, each) => sum + BigInt(each.gas_used), 0n);
  if (fees > 0n && block.feesTo !== null && !working.pay(block.feesTo, fees)) {
    return rejected([], "OVERFLOW");
  }
  if (block.advancesHeight) working.height += 1n;
  if (working.height > U64_MAX) return rejected([], "OVERFLOW");
  const changes = changesIn(working);
  return { outcome: { receipts, rejection: null, ...changes, fees: String(fees), faults: [] }, isKept: true };
}

function receipt({ hash, fee }, code, index) {
  return { index, hash, code, gas_used: code === "SUCCESS" ? String(fee) : "0" };
}

function rejected(receipts, code, index = null) {
  const outcome = { receipts, rejection: { code, index }, ...nothing(), fees: "0", faults: [] };
  return { outcome, isKept: false };
}
