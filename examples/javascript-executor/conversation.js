/**
 * The conversation: every request gets one answer, and whatever goes wrong is an answer too. After
 * an error the state is the one held before.
 */

import { KINDS, POLICIES, readBlock } from "./block.js";
import { readSchedule } from "./choices.js";
import { execute } from "./execution.js";
import { MOST_BYTES } from "./frames.js";
import { writeState } from "./state.js";
import { Refusal, flag, object, optional, small, text, u64 } from "./values.js";
import { Versions } from "./versions.js";

const PROTOCOL = 1;
const MINOR = 1;
const DEADLINE_MS = 10_000;

const CAPABILITIES = {
  payloads: KINDS, policies: POLICIES, signatures: ["precomputed"],
  terms: ["rewards", "fees_to", "lone"], decodes_wire: false, parallel: true,
  schedule_seed: true, schedule_replay: true, state_export: true,
  history: ["rewind", "read_state", "load"], references: ["tip", "older", "before_change"],
  jitter: true,
  limits: { frame: MOST_BYTES, transactions: null, accounts: null, workers: null },
};

export class Conversation {
  hasEnded = false;
  #versions = new Versions();
  #touches;
  #build;

  /** @param {import("./conflicts.js").Touched} touches @param {string} build told in `hello` */
  constructor(touches, build) {
    this.#touches = touches;
    this.#build = build;
  }

  /** @param {Buffer} payload @returns {Promise<object>} */
  async answer(payload) {
    let id = null;
    try {
      const request = object(parsed(payload), "a request");
      id = small(request.id, "id");
      const type = text(request.type, "type");
      return { type, id, ...(await this.#done(type, request)) };
    } catch (error) {
      if (error instanceof Refusal) return { type: "error", id, code: error.code, text: error.message };
      console.error(error);
      return { type: "error", id, code: "internal", text: String(error) };
    }
  }

  /** Does what is asked and returns what the answer has besides type and id. */
  #done(type, request) {
    switch (type) {
      case "hello":
        return this.#hello(request);
      case "echo":
        return { text: text(request.text, "text") };
      case "load_state":
        this.#versions.load(request);
        return {};
      case "execute_block":
        return this.#executeBlock(request);
      case "export_state":
        return { state: writeState(this.#versions.newest) };
      case "rewind":
        this.#versions.rewind(small(request.blocks, "blocks"));
        return {};
      case "read_state":
        return { state: writeState(this.#versions.at(u64(request.topoheight, "topoheight"))) };
      case "reset":
        this.#versions.clear();
        return {};
      case "bye":
        this.hasEnded = true;
        return {};
      default:
        throw new Refusal("unknown_message", `no request is called ${JSON.stringify(type)}`);
    }
  }

  #hello(request) {
    const protocol = small(request.protocol, "protocol");
    if (protocol !== PROTOCOL) {
      throw new Refusal("version", `protocol ${protocol} is not spoken here, ${PROTOCOL} is`);
    }
    return {
      protocol: PROTOCOL, minor: MINOR, name: "javascript", version: "0.1.0", build: this.#build,
      capabilities: CAPABILITIES,
    };
  }

  async #executeBlock(request) {
    const state = this.#versions.newest;
    const manner = this.#manner(request);
    const { outcome, statistics, trace, working } = await execute(state, readBlock(request.block), manner);
    this.#versions.add(working === null ? state : working.kept());
    return { outcome, statistics, trace };
  }

  #manner(request) {
    const workers = small(request.workers, "workers");
    if (workers < 1) throw new Refusal("malformed", "workers: at least 1 expected");
    const mode = text(request.mode, "mode");
    if (mode !== "parallel" && mode !== "sequential") {
      throw new Refusal("malformed", "mode: parallel or sequential expected");
    }
    const end = performance.now() + optional(request.deadline_ms, "deadline_ms", small, DEADLINE_MS);
    return {
      mode, workers, forced: optional(request.force_parallel, "force_parallel", flag, false),
      choose: readSchedule(request.schedule, request.jitter), touches: this.#touches,
      late: () => performance.now() > end,
    };
  }
}

function parsed(payload) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload));
  } catch (error) {
    throw new Refusal("malformed", `no JSON: ${error.message}`);
  }
}
