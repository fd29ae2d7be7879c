/**
 * What a block changed, as an outcome tells it: an entry is listed if and only if its value after
 * the block differs from the one before.
 */

import { EMPTY, balanceOf } from "./state.js";

/** What a block changed that changed nothing. */
export const nothing = () => ({
  modified_nonces: {}, modified_balances: {}, modified_multisigs: {}, modified_energies: {},
  created: [], burned: "0", height: "0",
});

/** @param {import("./working_state.js").WorkingState} working */
export function changesIn(working) {
  const { before } = working;
  const changes = nothing();
  for (const [address, account] of working.written) {
    const existing = before.accounts.get(address);
    if (existing === undefined) changes.created.push(address);
    compare(changes, address, existing ?? EMPTY, account);
  }
  changes.burned = String(working.burned - before.burned);
  changes.height = String(working.height - before.height);
  return changes;
}

function compare(changes, address, old, now) {
  if (now.nonce !== old.nonce) changes.modified_nonces[address] = String(now.nonce);
  if (now.energy !== old.energy) changes.modified_energies[address] = String(now.energy);
  if (!sameMultisig(old.multisig, now.multisig)) changes.modified_multisigs[address] = now.multisig;
  for (const [asset, balance] of now.balances) {
    if (balance === balanceOf(old, asset)) continue;
    changes.modified_balances[address] ??= {};
    changes.modified_balances[address][asset] = String(balance);
  }
}

function sameMultisig(one, other) {
  if (one === null || other === null) return one === other;
  return (
    one.threshold === other.threshold &&
    one.participants.length === other.participants.length &&
    one.participants.every((each, position) => each === other.participants[position])
  );
}
