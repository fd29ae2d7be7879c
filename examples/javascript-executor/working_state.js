/**
 * The state while a block is executed: what was written lies over the state before, which stays as
 * it is until the block is kept.
 */

import { EMPTY, NATIVE, balanceOf, withBalance } from "./state.js";
import { U64_MAX } from "./values.js";

/**
 * @typedef {import("./state.js").Account} Account
 * @typedef {import("./state.js").State} State
 */

export class WorkingState {
  /** @param {State} before */
  constructor(before) {
    this.before = before;
    this.chainId = before.chainId;
    this.burned = before.burned;
    this.height = before.height;
    /** @type {Map<string, Account>} */
    this.written = new Map();
  }

  /** @param {string} address @returns {Account | undefined} */
  account(address) {
    return this.written.get(address) ?? this.before.accounts.get(address);
  }

  /** @param {string} address @param {Account} account */
  write(address, account) {
    this.written.set(address, account);
  }

  /** Pays in native coins, to a new account if there is none. Returns false if it overflows. */
  pay(address, amount) {
    const account = this.account(address) ?? EMPTY;
    const balance = balanceOf(account, NATIVE) + amount;
    if (balance > U64_MAX) return false;
    this.write(address, withBalance(account, NATIVE, balance));
    return true;
  }

  /** Returns the state after the block; the one before stays what it is. @returns {State} */
  kept() {
    const accounts = new Map(this.before.accounts);
    for (const [address, account] of this.written) accounts.set(address, account);
    return { ...this.before, accounts, burned: this.burned, height: this.height };
  }
}
