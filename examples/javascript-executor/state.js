/**
 * The state: a chain and its accounts, as they are between two blocks.
 *
 * An account is never changed, only replaced: whoever holds one may keep it over an await.
 *
 * @typedef {{ threshold: number, participants: string[] }} Multisig
 * @typedef {{
 *   nonce: bigint, balances: ReadonlyMap<string, bigint>, multisig: Multisig | null,
 *   energy: bigint, frozen: bigint, flags: bigint, data: string,
 * }} Account
 * @typedef {{
 *   accounts: Map<string, Account>, chainId: number, height: bigint, burned: bigint,
 *   totalSupply: bigint, timestamp: bigint,
 * }} State
 */

import { U8_MAX, hex, key, list, object, optional, small, u64 } from "./values.js";

export const NATIVE = "00".repeat(32);

/** @type {Account} What an absent account reads as, and what a new one is. */
export const EMPTY = {
  nonce: 0n, balances: new Map(), multisig: null, energy: 0n, frozen: 0n, flags: 0n, data: "",
};

/** @param {Account} account @param {string} asset */
export const balanceOf = (account, asset) => account.balances.get(asset) ?? 0n;

/** @param {Account} account @returns {Account} */
export function withBalance(account, asset, amount) {
  return { ...account, balances: new Map(account.balances).set(asset, amount) };
}

/** @returns {State} */
export function readState(json) {
  const state = object(json, "state");
  const accounts = new Map();
  for (const [address, account] of Object.entries(object(state.accounts, "accounts"))) {
    accounts.set(key(address, "an address"), readAccount(object(account, "an account")));
  }
  return {
    accounts,
    chainId: small(state.chain_id, "chain_id", U8_MAX),
    height: optional(state.height, "height", u64, 0n),
    burned: optional(state.burned, "burned", u64, 0n),
    totalSupply: optional(state.total_supply, "total_supply", u64, 0n),
    timestamp: optional(state.timestamp, "timestamp", u64, 0n),
  };
}

/** @param {State} state */
export function writeState(state) {
  const accounts = [...state.accounts].map(([address, each]) => [address, writeAccount(each)]);
  return {
    accounts: Object.fromEntries(accounts),
    chain_id: state.chainId,
    height: String(state.height),
    burned: String(state.burned),
    total_supply: String(state.totalSupply),
    timestamp: String(state.timestamp),
  };
}

/** @returns {Multisig} */
export function readMultisig(json) {
  const multisig = object(json, "multisig");
  return {
    threshold: small(multisig.threshold, "threshold", U8_MAX),
    participants: list(multisig.participants, "participants").map((each) => key(each, "participant")),
  };
}

/** @returns {Account} */
function readAccount(json) {
  const balances = Object.entries(optional(json.balances, "balances", object, {}));
  return {
    nonce: optional(json.nonce, "nonce", u64, 0n),
    balances: new Map(balances.map(([asset, each]) => [key(asset, "an asset"), u64(each, "a balance")])),
    multisig: optional(json.multisig, "multisig", readMultisig),
    energy: optional(json.energy, "energy", u64, 0n),
    frozen: optional(json.frozen, "frozen", u64, 0n),
    flags: optional(json.flags, "flags", u64, 0n),
    data: optional(json.data, "data", hex, ""),
  };
}

/** @param {Account} account */
function writeAccount(account) {
  const balances = [...account.balances].map(([asset, amount]) => [asset, String(amount)]);
  return {
    nonce: String(account.nonce),
    balances: Object.fromEntries(balances),
    multisig: account.multisig,
    energy: String(account.energy),
    frozen: String(account.frozen),
    flags: String(account.flags),
    data: account.data,
  };
}
