/**
 * Async functions that take turns. A task runs from one `await pause(...)` to the next, then
 * somebody else may run: cooperative concurrency, with every interleaving at those points possible.
 *
 * A task begins when all that it waits for have ended. At most `workers` tasks are begun and not
 * ended.
 *
 * @typedef {(label: string) => Promise<void>} Pause
 * @typedef {{ results: any[], trace: string[], highest: number }} Finished
 */

import { Refusal } from "./values.js";

/**
 * @param {((pause: Pause) => Promise<any>)[]} bodies
 * @param {number[][]} waitsFor for each body the positions of earlier ones
 * @param {{ workers: number, choose: import("./choices.js").Choose, late: () => boolean }} manner
 * @returns {Promise<Finished>}
 */
export async function takeTurns(bodies, waitsFor, { workers, choose, late }) {
  const tasks = bodies.map((body, index) => new Task(index, body, waitsFor[index].length));
  for (const task of tasks) {
    for (const earlier of waitsFor[task.index]) tasks[earlier].successors.push(task);
  }
  const ready = tasks.filter((task) => task.missing === 0);
  const paused = [];
  const trace = [];
  let highest = 0;
  while (ready.length + paused.length > 0) {
    if (late()) throw new Refusal("deadline", `given up after ${trace.length} steps`);
    const candidates = paused.length < workers ? [...ready, ...paused] : paused;
    const task = candidates[choose(candidates)];
    remove(task.hasBegun ? paused : ready, task);
    highest = Math.max(highest, paused.length + 1);
    trace.push(task.step);
    await task.advance();
    if (task.hasEnded) ready.push(...task.released());
    else paused.push(task);
  }
  return { results: tasks.map((task) => task.result), trace, highest };
}

export class Task {
  hasBegun = false;
  hasEnded = false;
  result = undefined;
  /** @type {Task[]} Those that wait for this one. */
  successors = [];
  #body;
  #resume = () => {};
  #handBack = () => {};
  #fail = () => {};

  /** @param {number} missing how many tasks it waits for that have not ended */
  constructor(index, body, missing) {
    this.index = index;
    this.missing = missing;
    this.step = this.#name("begin");
    this.#body = body;
  }

  /** Runs to the next pause or to the end. Rejects if the body does. */
  advance() {
    return new Promise((handBack, fail) => {
      this.#handBack = handBack;
      this.#fail = fail;
      if (this.hasBegun) this.#resume();
      else this.#begin();
    });
  }

  /** Returns the tasks that have nothing left to wait for, now that this one has ended. */
  released() {
    return this.successors.filter((task) => --task.missing === 0);
  }

  #begin() {
    this.hasBegun = true;
    const ended = (result) => {
      this.result = result;
      this.hasEnded = true;
      this.#handBack();
    };
    this.#body((label) => this.#pause(label)).then(ended, (error) => this.#fail(error));
  }

  #pause(label) {
    return new Promise((resume) => {
      this.step = this.#name(label);
      this.#resume = resume;
      this.#handBack();
    });
  }

  #name(label) {
    return `t${this.index} ${label}`;
  }
}

function remove(list, item) {
  list.splice(list.indexOf(item), 1);
}
