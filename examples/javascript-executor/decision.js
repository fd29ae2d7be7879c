/**
 * Decides one transaction: rules R0 to R9, then R10 and R11, which find out by spending and
 * crediting.
 *
 * A decision is a value. Whoever asked for it writes it down or throws it away.
 *
 * @typedef {import("./state.js").Account} Account
 * @typedef {import("./block.js").Transaction} Transaction
 * @typedef {{ code: string, accounts: Map<string, Account>, burned: bigint }} Decision
 *   the accounts as they are afterwards, and how much `burned` grows; of a failure, nothing
 */

import { ENERGY, TOS, objection } from "./rules.js";
import { EMPTY, NATIVE, balanceOf, withBalance } from "./state.js";
import { U64_MAX } from "./values.js";

/**
 * @param {Transaction} transaction
 * @param {import("./rules.js").Ledger} ledger
 * @returns {Decision}
 */
export function decide(transaction, ledger) {
  const code = objection(transaction, ledger);
  if (code !== null) return failure(code);
  const source = spent(transaction, ledger.account(transaction.source));
  if (typeof source === "string") return failure(source);
  const accounts = new Map([[transaction.source, source]]);
  for (const { to, asset, amount } of transaction.outputs ?? []) {
    const receiver = accounts.get(to) ?? ledger.account(to) ?? EMPTY;
    const balance = balanceOf(receiver, asset) + amount;
    if (balance > U64_MAX) return failure("OVERFLOW");
    accounts.set(to, withBalance(receiver, asset, balance));
  }
  const burned = burnsNative(transaction) ? transaction.amount : 0n;
  if (ledger.burned + burned > U64_MAX) return failure("OVERFLOW");
  return { code: "SUCCESS", accounts, burned };
}

/** @param {Transaction} transaction */
export function burnsNative(transaction) {
  return transaction.kind === "burn" && transaction.asset === NATIVE;
}

/** @returns {Decision} */
const failure = (code) => ({ code, accounts: new Map(), burned: 0n });

/**
 * R10, and the source afterwards.
 *
 * @param {Transaction} transaction
 * @param {Account} source
 * @returns {Account | string} the code if it cannot pay
 */
function spent(transaction, source) {
  let after = { ...source, nonce: source.nonce + 1n };
  for (const [asset, sum] of sums(transaction)) {
    if (sum > U64_MAX) return "OVERFLOW";
    const left = balanceOf(source, asset) - sum;
    if (left < 0n) return "INSUFFICIENT_BALANCE";
    after = withBalance(after, asset, left);
  }
  if (transaction.feeType === ENERGY) after.energy -= 1n;
  if (transaction.kind === "set_multisig") after.multisig = multisigOf(transaction);
  return after;
}

/** What leaves the source by asset, in the order in which the assets are first named. */
function sums(transaction) {
  /** @type {Map<string, bigint>} */
  const spending = new Map();
  const add = (asset, amount) => spending.set(asset, (spending.get(asset) ?? 0n) + amount);
  for (const { asset, amount } of transaction.outputs ?? []) add(asset, amount);
  if (transaction.kind === "burn") add(transaction.asset, transaction.amount);
  if (transaction.feeType === TOS) add(NATIVE, transaction.fee);
  return spending;
}

function multisigOf({ threshold, participants }) {
  return threshold === 0 ? null : { threshold, participants };
}
