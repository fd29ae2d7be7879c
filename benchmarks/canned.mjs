// The same as canned.py, except that it reads and writes all JSON: what a program in another
// language pays for the contract before it executes anything.
import { readFileSync } from "node:fs";

const answer = JSON.parse(readFileSync(process.argv[2]));
const capabilities = {
  payloads: ["transfers"],
  policies: ["skip"],
  signatures: ["keyed-hash"],
  parallel: true,
};
const hello = { protocol: 1, name: "canned", version: "1", capabilities };
let buffer = Buffer.alloc(0);

function answerTo(request) {
  const same = { type: request.type, id: request.id };
  if (request.type === "hello") return { ...same, ...hello };
  return request.type === "execute_block" ? { ...answer, ...same } : same;
}

process.stdin.on("data", (data) => {
  buffer = buffer.length ? Buffer.concat([buffer, data]) : data;
  while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32LE(0)) {
    const end = 4 + buffer.readUInt32LE(0);
    const payload = Buffer.from(JSON.stringify(answerTo(JSON.parse(buffer.subarray(4, end)))));
    buffer = buffer.subarray(end);
    const header = Buffer.alloc(4);
    header.writeUInt32LE(payload.length);
    process.stdout.write(Buffer.concat([header, payload]));
  }
});
