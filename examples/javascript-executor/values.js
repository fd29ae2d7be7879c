/**
 * Reads values out of JSON. Whatever is not what it should be is refused as `malformed`; a value
 * that was read is right in type and in width.
 */

export const U64_MAX = 2n ** 64n - 1n;
export const U8_MAX = 255;

/** Bytes of an address, an asset and a hash. */
export const KEY_BYTES = 32;

/** Why a request gets an error for its answer: one of the protocol's codes, and a text. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} text
   */
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

/** @param {unknown} value @param {string} what @returns {Record<string, unknown>} */
export function object(value, what) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw malformed(what, "an object");
}

/** @param {unknown} value @param {string} what @returns {unknown[]} */
export function list(value, what) {
  if (Array.isArray(value)) return value;
  throw malformed(what, "a list");
}

/** @param {unknown} value @param {string} what @returns {string} */
export function text(value, what) {
  if (typeof value === "string") return value;
  throw malformed(what, "a string");
}

/** @param {unknown} value @param {string} what @returns {boolean} */
export function flag(value, what) {
  if (typeof value === "boolean") return value;
  throw malformed(what, "true or false");
}

/** Reads a number that JSON shows without quotes. */
export function small(value, what, most = Number.MAX_SAFE_INTEGER) {
  if (Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw malformed(what, `a whole number from 0 to ${most}`);
}

/** Reads a u64 in either form. @returns {bigint} */
export function u64(value, what) {
  if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "string" && /^(0|[1-9]\d{0,19})$/.test(value)) {
    const number = BigInt(value);
    if (number <= U64_MAX) return number;
  }
  throw malformed(what, "a u64");
}

/** Reads bytes as lower case hex, so many of them if `bytes` is given. @returns {string} */
export function hex(value, what, bytes = undefined) {
  const fits =
    typeof value === "string" &&
    value.length % 2 === 0 &&
    (bytes === undefined || value.length === 2 * bytes) &&
    /^[0-9a-fA-F]*$/.test(value);
  if (fits) return value.toLowerCase();
  throw malformed(what, bytes === undefined ? "hex" : `${bytes} bytes in hex`);
}

/** Reads an address or an asset. @returns {string} */
export const key = (value, what) => hex(value, what, KEY_BYTES);

/**
 * Reads a value that may be none or left out.
 *
 * @template T
 * @param {unknown} value
 * @param {string} what
 * @param {(value: unknown, what: string) => T} read
 * @param {T | null} otherwise what none stands for
 * @returns {T | null}
 */
export function optional(value, what, read, otherwise = null) {
  return value === undefined || value === null ? otherwise : read(value, what);
}

/** Reads one of `words`. What is not among them may exist, but not here. */
export function oneOf(value, what, words) {
  const word = text(value, what);
  if (words.includes(word)) return word;
  throw new Refusal("unsupported", `${what} ${JSON.stringify(word)} is not known here`);
}

function malformed(what, wanted) {
  return new Refusal("malformed", `${what}: ${wanted} expected`);
}
