// Loaded before the command: folders are read in the opposite order, the clock is years ahead, the umask is another, and
// nothing is as random as before.
const fs = require("node:fs");

const { readdirSync } = fs;
fs.readdirSync = (...args) => readdirSync(...args).reverse();

const { now } = Date;
const years = 5 * 365 * 24 * 3600 * 1000;
Date.now = () => now() + years;
globalThis.Date = class extends Date {
  constructor(...args) {
    super(...(args.length === 0 ? [now() + years] : args));
  }
};

Math.random = () => 0.5;
process.umask(0o077);
