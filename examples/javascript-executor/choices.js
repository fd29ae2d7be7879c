/**
 * Who takes the next step: ways to choose among tasks that could go on. None looks at a clock or
 * draws a random number, so an execution is a function of the block and the schedule.
 *
 * @typedef {(candidates: import("./turns.js").Task[]) => number} Choose returns a position
 */

import { list, object, text, u64 } from "./values.js";

/** @returns {Choose} the choice that a request asks for */
export function readSchedule(json, jitter) {
  if (json === undefined || json === null) {
    return jitter === undefined || jitter === null ? inTurn : seeded(u64(jitter, "jitter"));
  }
  const { seed, trace } = object(json, "schedule");
  if (seed !== undefined && seed !== null) return seeded(u64(seed, "seed"));
  return following(list(trace, "trace").map((each) => text(each, "a step")));
}

/** Begins whatever may begin, then lets each take a step after the other. */
const inTurn = () => 0;

/** Every candidate is equally likely, by the generator splitmix64. */
function seeded(seed) {
  let position = seed;
  const mixed = (bits, shift, factor) => BigInt.asUintN(64, (bits ^ (bits >> shift)) * factor);
  return (candidates) => {
    position = BigInt.asUintN(64, position + 0x9e3779b97f4a7c15n);
    const once = mixed(position, 30n, 0xbf58476d1ce4e5b9n);
    const twice = mixed(once, 27n, 0x94d049bb133111ebn);
    return Number((twice ^ (twice >> 31n)) % BigInt(candidates.length));
  };
}

/** Repeats a recorded execution. A step that cannot be taken here is passed over. */
function following(trace) {
  let next = 0;
  return (candidates) => {
    while (next < trace.length) {
      const wanted = trace[next++];
      const position = candidates.findIndex((task) => task.step === wanted);
      if (position >= 0) return position;
    }
    return 0;
  };
}
