/**
 * Repositories of restic that open at once. restic makes the way from the password to the key so long that it is half a
 * second of work, at each of its calls. Here the key is put behind a short way instead: to restic it is a key like any
 * other, and the repository is the same.
 */
import { createCipheriv, createHash, randomBytes, scryptSync } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A file below keys/, as far as it is about the way to the key. */
interface KeyFile {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly data: string;
}

/** Three keys: to encrypt, and two to authenticate. */
type Keys = readonly [Buffer, Buffer, Buffer];

/** Puts the only key of a repository behind a short way from the password to it. */
export function quicken(repository: string, password = "secret"): void {
  const folder = join(repository, "keys");
  const names = readdirSync(folder);
  if (names.length !== 1) throw new Error(`${names.length} keys in ${repository}`);
  const path = join(folder, names[0] ?? "");
  const long = JSON.parse(readFileSync(path, "utf8")) as KeyFile;
  const short = { ...long, N: 2, r: 1, p: 1 };
  const text = JSON.stringify({ ...short, data: seal(keysOf(short, password), open(keysOf(long, password), long)) });
  // Written over, so that it stays whose it was; it is named after its content.
  const { mode } = statSync(path);
  chmodSync(path, 0o600);
  writeFileSync(path, text);
  chmodSync(path, mode & 0o777);
  renameSync(path, join(folder, createHash("sha256").update(text).digest("hex")));
}

function keysOf({ N, r, p, salt }: KeyFile, password: string): Keys {
  const all = scryptSync(password, Buffer.from(salt, "base64"), 64, { N, r, p, maxmem: 1 << 30 });
  return [all.subarray(0, 32), all.subarray(32, 48), all.subarray(48)];
}

/** In counter mode the same in both directions. */
function crypt([key]: Keys, nonce: Buffer, text: Buffer): Buffer {
  return createCipheriv("aes-256-ctr", key, nonce).update(text);
}

/** What is sealed: a nonce, the text, and 16 bytes that authenticate it. */
function open(keys: Keys, { data }: KeyFile): Buffer {
  const sealed = Buffer.from(data, "base64");
  return crypt(keys, sealed.subarray(0, 16), sealed.subarray(16, -16));
}

function seal(keys: Keys, text: Buffer): string {
  const nonce = randomBytes(16);
  const encrypted = crypt(keys, nonce, text);
  return Buffer.concat([nonce, encrypted, poly1305Aes(keys, nonce, encrypted)]).toString("base64");
}

function poly1305Aes([, k, r]: Keys, nonce: Buffer, message: Buffer): Buffer {
  const once = createCipheriv("aes-128-ecb", k, null).setAutoPadding(false).update(nonce);
  const factor = numberIn(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let i = 0; i < message.length; i += 16) {
    const block = message.subarray(i, i + 16);
    sum = ((sum + numberIn(block) + (1n << BigInt(8 * block.length))) * factor) % ((1n << 130n) - 5n);
  }
  const total = (sum + numberIn(once)) & ((1n << 128n) - 1n);
  return Buffer.from(total.toString(16).padStart(32, "0"), "hex").reverse();
}

/** The number that bytes are, the lowest first. */
function numberIn(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}
