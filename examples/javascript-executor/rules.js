/**
 * Rules R0 to R9: why a transaction fails before it comes to what it spends.
 *
 * Each rule answers with a code, or with null if it has no objection. Nothing here awaits and
 * nothing is changed.
 *
 * @typedef {import("./block.js").Transaction} Transaction
 * @typedef {{
 *   chainId: number, burned: bigint,
 *   account: (address: string) => import("./state.js").Account | undefined,
 * }} Ledger what a transaction sees: all earlier ones of the block, none of the later
 */

import { NATIVE, balanceOf } from "./state.js";
import { U64_MAX } from "./values.js";

export const TOS = 0;
export const ENERGY = 1;

const MOST_OUTPUTS = 500;
const MOST_PARTICIPANTS = 255;
const MOST_DATA_BYTES = 128;
const MOST_DATA_BYTES_TOGETHER = 4096;
const FEE_PER_KIBIBYTE = 10_000;
const FEE_PER_OUTPUT = 5_000;
const FEE_PER_COSIGNATURE = 5_000;

const RULES = [
  form, chain, sourceExists, feeType, leastFee, nonce, canPayFee, payload, signature, cosignatures,
];

/**
 * @param {Transaction} transaction
 * @param {Ledger} ledger
 * @returns {string | null} the code of the first rule that fails
 */
export function objection(transaction, ledger) {
  for (const rule of RULES) {
    const code = rule(transaction, ledger);
    if (code !== null) return code;
  }
  return null;
}

function form(transaction) {
  if (transaction.kind === "undecodable") return "INVALID_FORMAT";
  if (transaction.kind === "unsupported") return "NOT_IMPLEMENTED";
  const { outputs, cosignatures: signers } = transaction;
  if (outputs && (outputs.length === 0 || outputs.length > MOST_OUTPUTS)) return "INVALID_FORMAT";
  return signers && hasTwice(signers.map((each) => each.signerId)) ? "INVALID_FORMAT" : null;
}

function chain(transaction, ledger) {
  return transaction.chainId === ledger.chainId ? null : "INVALID_TYPE";
}

function sourceExists(transaction, ledger) {
  return ledger.account(transaction.source) ? null : "ACCOUNT_NOT_FOUND";
}

function feeType({ feeType: type, kind, fee }) {
  if (type === TOS) return null;
  if (type !== ENERGY) return "INVALID_FORMAT";
  if (kind !== "transfers" && kind !== "nonce_bump") return "INVALID_FORMAT";
  return fee === 0n ? null : "INVALID_PAYLOAD";
}

function leastFee(transaction) {
  if (transaction.feeType !== TOS) return null;
  const outputs = transaction.kind === "nonce_bump" ? 1 : transaction.outputs?.length ?? 0;
  const least =
    Math.ceil(transaction.size / 1024) * FEE_PER_KIBIBYTE +
    outputs * FEE_PER_OUTPUT +
    (transaction.cosignatures?.length ?? 0) * FEE_PER_COSIGNATURE;
  return transaction.fee < BigInt(least) ? "INSUFFICIENT_FEE" : null;
}

function nonce(transaction, ledger) {
  const next = ledger.account(transaction.source).nonce;
  if (transaction.nonce < next) return "NONCE_TOO_LOW";
  if (transaction.nonce > next) return "NONCE_TOO_HIGH";
  return transaction.nonce === U64_MAX ? "OVERFLOW" : null;
}

function canPayFee(transaction, ledger) {
  const source = ledger.account(transaction.source);
  if (transaction.feeType === ENERGY) return source.energy < 1n ? "INSUFFICIENT_ENERGY" : null;
  return balanceOf(source, NATIVE) < transaction.fee ? "INSUFFICIENT_FEE" : null;
}

function payload(transaction, ledger) {
  switch (transaction.kind) {
    case "transfers":
      return transfers(transaction);
    case "burn":
      if (transaction.amount === 0n) return "INVALID_AMOUNT";
      return transaction.amount + transaction.fee > U64_MAX ? "INVALID_FORMAT" : null;
    case "set_multisig":
      return multisig(transaction, ledger.account(transaction.source));
    default:
      return null;
  }
}

function transfers({ source, outputs }) {
  let together = 0;
  for (const { to, dataBytes } of outputs) {
    if (to === source) return "SELF_OPERATION";
    if (dataBytes > MOST_DATA_BYTES) return "INVALID_PAYLOAD";
    together += dataBytes;
  }
  return together > MOST_DATA_BYTES_TOGETHER ? "INVALID_PAYLOAD" : null;
}

function multisig({ source, threshold, participants }, account) {
  if (threshold === 0) {
    const deletes = participants.length === 0 && account.multisig !== null;
    return deletes ? null : "INVALID_PAYLOAD";
  }
  if (participants.length === 0) return "INVALID_FORMAT";
  if (participants.length > MOST_PARTICIPANTS) return "INVALID_PAYLOAD";
  if (hasTwice(participants)) return "INVALID_SIGNATURE";
  if (threshold > participants.length) return "INVALID_PAYLOAD";
  return participants.includes(source) ? "INVALID_PAYLOAD" : null;
}

function signature(transaction) {
  return transaction.signatureValid ? null : "INVALID_SIGNATURE";
}

function cosignatures(transaction, ledger) {
  const held = ledger.account(transaction.source).multisig;
  const signers = transaction.cosignatures;
  if (held === null) return signers === null ? null : "INVALID_PAYLOAD";
  if (signers === null || signers.length !== held.threshold) return "INVALID_PAYLOAD";
  for (const { signerId, validFor } of signers) {
    if (signerId >= held.participants.length) return "INVALID_PAYLOAD";
    if (!validFor.has(held.participants[signerId])) return "INVALID_SIGNATURE";
  }
  return null;
}

const hasTwice = (values) => new Set(values).size < values.length;
