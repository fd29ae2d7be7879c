/**
 * A block as the protocol gives it: terms and transactions, with the fields that a rule looks at.
 *
 * @typedef {{ signerId: number, validFor: Set<string> }} Cosignature
 * @typedef {{ asset: string, to: string, amount: bigint, dataBytes: number }} Output
 * @typedef {{
 *   kind: string, hash: string, size: number, chainId: number, source: string, fee: bigint,
 *   feeType: number, nonce: bigint, signatureValid: boolean, cosignatures: Cosignature[] | null,
 *   outputs?: Output[], asset?: string, amount?: bigint,
 *   threshold?: number, participants?: string[],
 * }} Transaction of the kinds that nobody signed only kind, hash and size are there
 * @typedef {{ dev: string, devAmount: bigint, miner: string, minerAmount: bigint }} Rewards
 * @typedef {{
 *   policy: "skip" | "atomic", transactions: Transaction[], rewards: Rewards | null,
 *   feesTo: string | null, advancesHeight: boolean,
 * }} Block
 */

import { readMultisig } from "./state.js";
import {
  KEY_BYTES, Refusal, U8_MAX, flag, hex, key, list, object, oneOf, optional, small, u64,
} from "./values.js";

export const POLICIES = ["skip", "atomic"];

/** What each kind of transaction has besides what all signed ones have; null: it is not signed. */
const PAYLOADS = {
  transfers: (json) => ({ outputs: list(json.outputs, "outputs").map(readOutput) }),
  burn: (json) => ({ asset: key(json.asset, "asset"), amount: u64(json.amount, "amount") }),
  set_multisig: readMultisig,
  nonce_bump: () => ({}),
  undecodable: null,
  unsupported: null,
};

export const KINDS = Object.keys(PAYLOADS);

/** @returns {Block} */
export function readBlock(json) {
  const block = object(json, "block");
  return {
    policy: oneOf(block.policy, "policy", POLICIES),
    transactions: list(block.transactions, "transactions").map(readTransaction),
    rewards: optional(block.rewards, "rewards", readRewards),
    feesTo: optional(block.fees_to, "fees_to", key),
    advancesHeight: optional(block.advances_height, "advances_height", flag, true),
  };
}

/** @returns {Transaction} */
function readTransaction(each) {
  const json = object(each, "a transaction");
  const kind = oneOf(json.kind, "kind", KINDS);
  const common = { kind, hash: hex(json.hash, "hash", KEY_BYTES), size: small(json.size, "size") };
  const payload = PAYLOADS[kind];
  return payload === null ? common : { ...common, ...readSigned(json), ...payload(json) };
}

function readSigned(json) {
  return {
    chainId: small(json.chain_id, "chain_id", U8_MAX),
    source: key(json.source, "source"),
    fee: u64(json.fee, "fee"),
    feeType: small(json.fee_type, "fee_type", U8_MAX),
    nonce: u64(json.nonce, "nonce"),
    signatureValid: computed(optional(json.signature_valid, "signature_valid", flag)),
    cosignatures: optional(json.cosignatures, "cosignatures", readCosignatures),
  };
}

function readCosignatures(value, what) {
  return list(value, what).map((each) => {
    const json = object(each, "a co-signature");
    const validFor = computed(optional(json.valid_for, "valid_for", list));
    return {
      signerId: small(json.signer_id, "signer_id", U8_MAX),
      validFor: new Set(validFor.map((address) => key(address, "valid_for"))),
    };
  });
}

/** @returns {Output} */
function readOutput(each) {
  const json = object(each, "an output");
  return {
    asset: key(json.asset, "asset"),
    to: key(json.to, "to"),
    amount: u64(json.amount, "amount"),
    dataBytes: optional(json.data, "data", hex, "").length / 2,
  };
}

/** @returns {Rewards} */
function readRewards(value, what) {
  const json = object(value, what);
  return {
    dev: key(json.dev, "dev"),
    devAmount: u64(json.dev_amount, "dev_amount"),
    miner: key(json.miner, "miner"),
    minerAmount: u64(json.miner_amount, "miner_amount"),
  };
}

/** Refuses a signature that somebody would have to verify: this executor knows no curve. */
function computed(answer) {
  if (answer !== null) return answer;
  throw new Refusal("unsupported", "a signature whose validity is not told");
}
