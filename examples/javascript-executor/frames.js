/**
 * Frames: 4 bytes of length, little-endian, then so many bytes of JSON.
 *
 * Memory grows with the bytes that arrived, never with what a length claims.
 */

export const MOST_BYTES = 64 * 1024 * 1024;
const LENGTH_BYTES = 4;

/** A length above `MOST_BYTES`: what follows it cannot be trusted. */
export class TooLarge extends Error {}

/**
 * Yields the payload of one frame after another, until the stream ends. What a frame lacks at the
 * end of the stream is never awaited.
 *
 * @param {AsyncIterable<Buffer>} stream
 * @returns {AsyncGenerator<Buffer>}
 */
export async function* payloads(stream) {
  const arrived = new Arrived();
  let length = null;
  for await (const chunk of stream) {
    arrived.add(chunk);
    while (true) {
      if (length === null) {
        if (arrived.bytes < LENGTH_BYTES) break;
        length = arrived.take(LENGTH_BYTES).readUInt32LE();
        if (length > MOST_BYTES) throw new TooLarge(`a frame of ${length} bytes`);
      }
      if (arrived.bytes < length) break;
      yield arrived.take(length);
      length = null;
    }
  }
}

/** @param {object} message @returns {Buffer} */
export function frame(message) {
  const payload = Buffer.from(JSON.stringify(message));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([length, payload]);
}

/** Bytes that arrived and were not taken. They are joined once for a frame, not once for a chunk. */
class Arrived {
  bytes = 0;
  /** @type {Buffer[]} */
  #chunks = [];

  add(chunk) {
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }

  take(count) {
    const joined = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = joined.length > count ? [joined.subarray(count)] : [];
    this.bytes -= count;
    return joined.subarray(0, count);
  }
}
