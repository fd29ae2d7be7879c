/**
 * The versions of a chain: the state that is held, and those before the blocks that led to it.
 *
 * Every block makes one, a rejected one too. A state is never changed, only replaced, so that an
 * older version costs what has changed since.
 */

import { readState } from "./state.js";
import { Refusal, list, object, optional, u64 } from "./values.js";

/** How many are kept, the newest. */
const MOST = 256;

export class Versions {
  /** @type {import("./state.js").State[]} the oldest first */
  #states = [];
  /** The number of the newest. */
  #topoheight = 0n;

  /** Holds what `load_state` says, and nothing else. */
  load(request) {
    const state = readState(request.state);
    const topoheight = optional(request.topoheight, "topoheight", u64, 0n);
    const older = optional(request.versions, "versions", list, []).map((each) => object(each, "a version"));
    const first = topoheight - BigInt(older.length);
    older.forEach((each, at) => {
      if (u64(each.topoheight, "topoheight") === first + BigInt(at)) return;
      throw new Refusal("malformed", "versions: one after the other expected, up to the state");
    });
    this.#states = [...older.map((each) => readState(each.state)), state];
    this.#topoheight = topoheight;
  }

  /** @returns {import("./state.js").State} */
  get newest() {
    if (this.#states.length > 0) return this.#states.at(-1);
    throw new Refusal("no_state", "there is no state yet");
  }

  /** @param {import("./state.js").State} state that a block led to */
  add(state) {
    this.#states = [...this.#states.slice(1 - MOST), state];
    this.#topoheight += 1n;
  }

  /** @param {number} blocks how many are taken back */
  rewind(blocks) {
    if (blocks < 1) throw new Refusal("malformed", "blocks: at least 1 expected");
    if (blocks >= this.#states.length) throw new Refusal("no_state", `there are no ${blocks} blocks`);
    this.#states = this.#states.slice(0, -blocks);
    this.#topoheight -= BigInt(blocks);
  }

  /** @param {bigint} topoheight @returns {import("./state.js").State} */
  at(topoheight) {
    const back = this.#topoheight - topoheight;
    if (back >= 0n && back < BigInt(this.#states.length)) return this.#states.at(-1 - Number(back));
    throw new Refusal("no_state", `version ${topoheight} is not held`);
  }

  clear() {
    this.#states = [];
  }
}
