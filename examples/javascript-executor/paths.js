/**
 * The two paths through the transactions of a block. Each gives the results in block order and
 * writes the effects into the working state.
 *
 * @typedef {import("./block.js").Transaction} Transaction
 * @typedef {import("./working_state.js").WorkingState} WorkingState
 * @typedef {{
 *   workers: number, choose: import("./choices.js").Choose, late: () => boolean,
 *   touches: import("./conflicts.js").Touched,
 * }} Manner
 */

import { accountsOf, predecessors } from "./conflicts.js";
import { burnsNative, decide } from "./decision.js";
import { takeTurns } from "./turns.js";
import { Refusal } from "./values.js";

/** @param {Transaction[]} transactions @param {WorkingState} working @param {Manner} manner */
export function runSequentially(transactions, working, { late }) {
  const codes = transactions.map((transaction, index) => {
    if (late()) throw new Refusal("deadline", `given up before transaction ${index}`);
    const { code, accounts, burned } = decide(transaction, working);
    for (const [address, account] of accounts) working.write(address, account);
    working.burned += burned;
    return code;
  });
  const statistics = {
    mode: "sequential", fallback: null, executions: codes.length, aborts: 0,
    highest_concurrency: Math.min(1, codes.length),
  };
  return { codes, statistics, trace: null };
}

/** @param {Transaction[]} transactions @param {WorkingState} working @param {Manner} manner */
export async function runInParallel(transactions, working, manner) {
  const bodies = transactions.map((each) => (pause) => runOne(each, working, pause));
  const waitsFor = predecessors(transactions, manner.touches);
  const { results: codes, trace, highest } = await takeTurns(bodies, waitsFor, manner);
  const statistics = {
    mode: "parallel", fallback: null, executions: codes.length, aborts: 0,
    highest_concurrency: highest,
  };
  return { codes, statistics, trace };
}

/**
 * Reads what the transaction touches, decides on that alone, and writes what changed. Before each
 * read and each write others may run, as they would while a database answers.
 *
 * @param {Transaction} transaction
 * @param {WorkingState} working
 * @param {import("./turns.js").Pause} pause
 * @returns {Promise<string>} the code
 */
async function runOne(transaction, working, pause) {
  const seen = new Map();
  for (const address of accountsOf(transaction)) {
    await pause(`read ${short(address)}`);
    seen.set(address, working.account(address));
  }
  const burnedBefore = burnsNative(transaction) ? await readBurned(working, pause) : 0n;
  const { code, accounts, burned } = decide(transaction, {
    chainId: working.chainId, burned: burnedBefore, account: (address) => seen.get(address),
  });
  for (const [address, account] of accounts) {
    await pause(`write ${short(address)}`);
    working.write(address, account);
  }
  if (burned > 0n) {
    await pause("write burned");
    working.burned = burnedBefore + burned;
  }
  return code;
}

async function readBurned(working, pause) {
  await pause("read burned");
  return working.burned;
}

const short = (address) => address.slice(0, 8);
