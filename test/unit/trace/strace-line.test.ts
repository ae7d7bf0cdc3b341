import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameOf } from "../../../src/scan/names.ts";
import { straceReader, type TraceRecord } from "../../../src/trace/strace-line.ts";

function read(...lines: readonly string[]): (TraceRecord | undefined)[] {
  const reader = straceReader();
  return lines.map(reader);
}

/** As `-xx` prints bytes. */
function hex(bytes: Uint8Array | string): string {
  return [...Buffer.from(bytes)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

describe("a line of strace", () => {
  it("is a call with its arguments, the descriptor it returned, and the working directory", () => {
    const [call] = read(
      `7 openat(AT_FDCWD<${hex("/w")}>, "${hex("a b")}", O_RDWR|O_CREAT, 0600) = 3<${hex("/w/a b")}>`,
    );
    expect(call).toEqual({
      kind: "call",
      pid: 7,
      name: "openat",
      args: [
        { kind: "descriptor", path: "/w", isCwd: true },
        { kind: "text", text: "a b" },
        { kind: "plain", text: "O_RDWR|O_CREAT" },
        { kind: "descriptor", path: null, isCwd: false },
      ],
      value: 3,
      path: "/w/a b",
      error: null,
    });
  });

  it("has its error", () => {
    const [call] = read(`7 access("${hex("/x")}", R_OK) = -1 ENOENT (No such file or directory)`);
    expect(call).toMatchObject({ name: "access", value: -1, error: "ENOENT" });
  });

  it.each([
    [
      "one that was interrupted and is begun anew",
      '7 openat(3, "x", O_RDONLY) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)',
      "ERESTARTSYS",
    ],
    ["one whose process ended in it", '7 openat(3, "x", O_RDONLY <unfinished ...>) = ?', null],
  ])("has no value: %s", (_, line, error) => {
    expect(read(line)[0]).toMatchObject({ name: "openat", value: null, error });
  });

  it("keeps texts apart from what is around them: commas, brackets, quotation marks, angles", () => {
    const [call] = read(String.raw`7 rename("a, b) = 0\"<", "c\\") = 0`);
    expect(call).toMatchObject({
      args: [
        { kind: "text", text: 'a, b) = 0"<' },
        { kind: "text", text: "c\\" },
      ],
      value: 0,
    });
  });

  it("reads the escapes of C, which strace prints without -xx", () => {
    expect(read(String.raw`7 chdir("\n\t\303\2441\\\"") = 0`)[0]).toMatchObject({
      args: [{ kind: "text", text: '\n\tä1\\"' }],
    });
  });

  it("takes a structure for one argument", () => {
    const [call] = read('7 openat2(3</d>, "x", {flags=O_WRONLY|O_CREAT, mode=0600, resolve=RESOLVE_BENEATH}, 24) = 4');
    expect(call).toMatchObject({
      args: [
        { path: "/d" },
        { text: "x" },
        { text: "{flags=O_WRONLY|O_CREAT, mode=0600, resolve=RESOLVE_BENEATH}" },
        {},
      ],
    });
  });

  it("knows no path of a socket, a pipe, or a file that has none any more", () => {
    const [socket, deleted] = read(
      `7 fchdir(3<${hex("socket:[12]")}>) = 0`,
      `7 ftruncate(4<${hex("/tmp/#12")}>(deleted), 0) = 0`,
    );
    expect(socket).toMatchObject({ args: [{ kind: "descriptor", path: null }] });
    expect(deleted).toMatchObject({ args: [{ kind: "descriptor", path: "/tmp/#12" }, {}], value: 0 });
  });

  it("tells how a process ended", () => {
    expect(read("7 +++ exited with 3 +++", "8 +++ killed by SIGKILL (core dumped) +++")).toEqual([
      { kind: "ended", pid: 7, code: 3, signal: null },
      { kind: "ended", pid: 8, code: null, signal: "SIGKILL" },
    ]);
  });

  it.each([
    "",
    "strace: Process 7 attached",
    "7 --- SIGCHLD {si_signo=SIGCHLD} ---",
    "7 <... read resumed>) = 1",
    "7 ",
    "7 open(",
  ])("is nothing where it is no call: %j", (line) => {
    expect(read(line)[0]?.kind).not.toBe("call");
  });

  it("joins a call that another process interrupts", () => {
    const records = read(
      `7 rename("${hex("/a")}",  <unfinished ...>`,
      `8 rename("${hex("/c")}",  <unfinished ...>`,
      `7 <... rename resumed>"${hex("/b")}") = 0`,
      `8 <... rename resumed>"${hex("/d")}") = -1 EPERM (Operation not permitted)`,
    );
    expect(records.map((record) => record?.kind)).toEqual(["begun", "begun", "call", "call"]);
    expect(records[2]).toMatchObject({ pid: 7, args: [{ text: "/a" }, { text: "/b" }], value: 0 });
    expect(records[3]).toMatchObject({ pid: 8, args: [{ text: "/c" }, { text: "/d" }], error: "EPERM" });
  });

  it("forgets what a process had begun when it ends: its number may come again", () => {
    const records = read(
      '7 rename("/a",  <unfinished ...>',
      "7 +++ exited with 0 +++",
      '7 <... rename resumed>"/b") = 0',
    );
    expect(records[2]).toBeUndefined();
  });

  it("brings any bytes of a name through, in one line and in two, among lines of other processes", () => {
    const name = fc.uint8Array({ minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), name, name, fc.boolean()), { maxLength: 12 }),
        (calls) => {
          const reader = straceReader();
          const begun = new Map<number, { rest: string; index: number }>();
          const seen: unknown[] = [];
          const finish = (pid: number): void => {
            const open = begun.get(pid);
            if (open !== undefined) seen[open.index] = reader(`${pid} <... rename resumed>${open.rest}`);
            begun.delete(pid);
          };
          for (const [index, [pid, from, to, isSplit]] of calls.entries()) {
            finish(pid);
            const [head, rest] = [`rename("${hex(from)}", `, `"${hex(to)}") = 0`];
            if (isSplit) {
              reader(`${pid} ${head} <unfinished ...>`);
              begun.set(pid, { rest, index });
            } else seen[index] = reader(`${pid} ${head}${rest}`);
          }
          for (const pid of [...begun.keys()]) finish(pid);
          expect(seen).toMatchObject(
            calls.map(([pid, from, to]) => ({
              pid,
              args: [{ text: nameOf(Buffer.from(from)) }, { text: nameOf(Buffer.from(to)) }],
            })),
          );
        },
      ),
    );
  });

  it("never throws, whatever a line holds", () => {
    const piece = fc.constantFrom(
      '"',
      "\\",
      "<",
      ">",
      "(",
      ")",
      "{",
      "}",
      ", ",
      " = ",
      "3",
      "AT_FDCWD",
      "open",
      "\\x41",
      "+++ ",
      " <unfinished ...>",
      "<... x resumed>",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const reader = straceReader();
        reader(`7 ${pieces.join("")}`);
        expect(reader('7 chdir("/x") = 0')).toMatchObject({ name: "chdir" });
      }),
      { numRuns: 1000 },
    );
  });
});
