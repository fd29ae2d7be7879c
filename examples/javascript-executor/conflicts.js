/**
 * Which transactions must not run side by side: those that touch the same account, and native burns,
 * which all add to `burned`.
 *
 * @typedef {import("./block.js").Transaction} Transaction
 * @typedef {(transaction: Transaction) => string[]} Touched what a transaction reads and writes
 */

import { burnsNative } from "./decision.js";

const BURNED = "burned";

/** The accounts that a transaction reads and may write: its source, then its receivers. */
export function accountsOf(transaction) {
  if (transaction.source === undefined) return [];
  return [...new Set([transaction.source, ...(transaction.outputs ?? []).map((each) => each.to)])];
}

/** @type {Touched} */
export function touched(transaction) {
  return [...accountsOf(transaction), ...(burnsNative(transaction) ? [BURNED] : [])];
}

/**
 * A planted fault: the receivers are forgotten. A transaction then reads a receiver's account,
 * awaits, and writes it back, over what another one has written meanwhile: a lost update.
 *
 * @type {Touched}
 */
export function touchedWithoutReceivers(transaction) {
  return touched({ ...transaction, outputs: [] });
}

/**
 * Returns for each transaction the positions of the earlier ones it waits for: of each thing it
 * touches, the last one that touched it.
 *
 * @param {Transaction[]} transactions
 * @param {Touched} touches
 * @returns {number[][]}
 */
export function predecessors(transactions, touches) {
  /** @type {Map<string, number>} */
  const last = new Map();
  return transactions.map((transaction, position) => {
    const earlier = new Set();
    for (const thing of touches(transaction)) {
      if (last.has(thing)) earlier.add(last.get(thing));
      last.set(thing, position);
    }
    return [...earlier];
  });
}
