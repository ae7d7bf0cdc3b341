// Loaded before the command: counts what it does to the disk below the folder it runs in, and ends the process as a power
// cut would at the step that KILL_AT names ("12", or "renameSync 2"): before it, or in the middle of it where it is a write.
const fs = require("node:fs");

const killAt = process.env.KILL_AT;
const counted = ["mkdirSync", "openSync", "writeFileSync", "fsyncSync", "closeSync", "chmodSync", "renameSync"];
let step = 0;

function die() {
  process.kill(process.pid, "SIGKILL");
  // The signal is there before the next line of JavaScript is; wait for it all the same.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
}

/** True for what is below the folder, and for open files, which only the command itself has opened. */
const isOurs = (target) => typeof target === "number" || String(target).startsWith(process.cwd());

for (const name of [...counted, "rmSync", "rmdirSync", "copyFileSync", "linkSync"]) {
  const original = fs[name];
  let turn = 0;
  fs[name] = (target, ...rest) => {
    const isRead = name === "openSync" && (rest[0] === undefined || typeof rest[0] === "number" || rest[0] === "r");
    if (isOurs(target) && !isRead) {
      step++;
      turn++;
      if (killAt === String(step) || killAt === `${name} ${turn}`) {
        if (name === "writeFileSync") original(target, String(rest[0]).slice(0, 7));
        die();
      }
    }
    return original(target, ...rest);
  };
}

process.on("exit", () => fs.writeSync(2, `steps: ${step}\n`));
