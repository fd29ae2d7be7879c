/**
 * The program: reads requests from standard input, writes answers to standard output, until its
 * input ends or it is told goodbye.
 */

import { parseArgs } from "node:util";

import { touched, touchedWithoutReceivers } from "./conflicts.js";
import { Conversation } from "./conversation.js";
import { TooLarge, frame, payloads } from "./frames.js";

const USAGE = "usage: node main.js [--wrong lost-update]";

/** Faults that lockstep must find, by name. */
const WRONG = { "lost-update": touchedWithoutReceivers };

process.exitCode = await main();

async function main() {
  const wrong = chosenFault();
  if (wrong === undefined) {
    console.error(USAGE);
    return 2;
  }
  process.stdout.on("error", () => process.exit(1));
  const conversation = new Conversation(WRONG[wrong] ?? touched, wrong ? `wrong: ${wrong}` : "right");
  try {
    for await (const payload of payloads(process.stdin)) {
      process.stdout.write(frame(await conversation.answer(payload)));
      if (conversation.hasEnded) break;
    }
    return 0;
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    process.stdout.write(frame({ type: "error", id: null, code: "too_large", text: error.message }));
    return 1;
  }
}

/** Returns the name of the planted fault, null for none, undefined if the command line is wrong. */
function chosenFault() {
  try {
    const { wrong = null } = parseArgs({ options: { wrong: { type: "string" } } }).values;
    return wrong === null || Object.hasOwn(WRONG, wrong) ? wrong : undefined;
  } catch {
    return undefined;
  }
}
