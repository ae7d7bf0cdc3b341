import { describe, expect, it } from "vitest";
import { interpreter } from "../../../src/trace/calls.ts";
import type { FileEvent } from "../../../src/trace/file-event.ts";
import { straceReader } from "../../../src/trace/strace-line.ts";

/** What the lines of a trace come to, of a first process in `/w`. */
function events(lines: readonly string[], folder: string | null = "/w"): FileEvent[] {
  const read = straceReader();
  const interpret = interpreter(folder);
  return lines.flatMap((line) => {
    const record = read(line);
    return record === undefined ? [] : interpret(record);
  });
}

describe("what a call does to a file", () => {
  it.each<[string, string, readonly FileEvent[]]>([
    ["an open for reading", 'open("/a", O_RDONLY) = 3', []],
    ["an open for writing", 'open("/a", O_WRONLY|O_TRUNC) = 3', [{ kind: "open", path: "/a", how: "change" }]],
    ["one for both", 'openat(AT_FDCWD, "/a", O_RDWR|O_CREAT, 0600) = 3', [{ kind: "open", path: "/a", how: "change" }]],
    [
      "one of a file that must be new",
      'openat(AT_FDCWD, "/a", O_WRONLY|O_CREAT|O_EXCL, 0600) = 3',
      [{ kind: "open", path: "/a", how: "new" }],
    ],
    [
      "openat2, whose flags are in a structure",
      'openat2(4</d>, "a", {flags=O_WRONLY, mode=0}, 24) = 3',
      [{ kind: "open", path: "/d/a", how: "change" }],
    ],
    ["creat", 'creat("/a", 0600) = 3', [{ kind: "open", path: "/a", how: "change" }]],
    ["a file without a name", 'openat(AT_FDCWD, "/d", O_RDWR|O_TMPFILE, 0600) = 3</d/#12>(deleted)', []],
    [
      "its name at last",
      'linkat(AT_FDCWD, "/proc/self/fd/3", AT_FDCWD, "/d/a", AT_SYMLINK_FOLLOW) = 0',
      [{ kind: "link", from: null, to: "/d/a" }],
    ],
    [
      "a write through /proc",
      'open("/proc/self/fd/3", O_WRONLY) = 4</h/a>',
      [{ kind: "open", path: "/h/a", how: "change" }],
    ],
    [
      "a path that may lead through a link",
      'open("/h/link/../a", O_WRONLY) = 4</x/a>',
      [{ kind: "open", path: "/x/a", how: "change" }],
    ],
    ["truncate", 'truncate("/a", 0) = 0', [{ kind: "open", path: "/a", how: "change" }]],
    ["ftruncate", "ftruncate(3</a>, 0) = 0", [{ kind: "open", path: "/a", how: "change" }]],
    ["rename", 'rename("/a", "b") = 0', [{ kind: "rename", from: "/a", to: "/w/b" }]],
    [
      "renameat, each from its own folder",
      'renameat(3</d>, "a", 4</e>, "b") = 0',
      [{ kind: "rename", from: "/d/a", to: "/e/b" }],
    ],
    [
      "renameat2 of a new one",
      'renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE) = 0',
      [{ kind: "rename", from: "/w/a", to: "/w/b" }],
    ],
    [
      "an exchange",
      'renameat2(3</d>, "a", AT_FDCWD, "/b", RENAME_EXCHANGE) = 0',
      [{ kind: "exchange", from: "/d/a", to: "/b" }],
    ],
    ["link", 'link("/a", "/b") = 0', [{ kind: "link", from: "/a", to: "/b" }]],
    ["symlink", 'symlink("to", "l") = 0', [{ kind: "make-link", path: "/w/l" }]],
    ["symlinkat", 'symlinkat("to", 3</d>, "l") = 0', [{ kind: "make-link", path: "/d/l" }]],
    ["unlink", 'unlink("/a") = 0', [{ kind: "remove", path: "/a" }]],
    ["unlinkat", 'unlinkat(3</d>, "a", 0) = 0', [{ kind: "remove", path: "/d/a" }]],
    ["mkdir", 'mkdir("d/", 0700) = 0', [{ kind: "make-directory", path: "/w/d" }]],
    ["execve", 'execve("/bin/x", 0x7ff, 0x7fe) = 0', [{ kind: "run", path: "/bin/x" }]],
    [
      "a search in vain",
      'newfstatat(AT_FDCWD, "/etc/x", 0x7ff, 0) = -1 ENOENT (No such file or directory)',
      [{ kind: "missing", path: "/etc/x" }],
    ],
    [
      "an open in vain",
      'openat(3</d>, "x", O_RDONLY) = -1 ENOENT (No such file or directory)',
      [{ kind: "missing", path: "/d/x" }],
    ],
    [
      "one that would have made the file",
      'open("/no/x", O_WRONLY|O_CREAT, 0600) = -1 ENOENT (No such file or directory)',
      [],
    ],
    [
      "a program that is not where it was looked for",
      'execve("/h/bin/x", 0x7ff, 0x7fe) = -1 ENOENT (No such file or directory)',
      [],
    ],
    ["what was refused", 'open("/a", O_WRONLY) = -1 EACCES (Permission denied)', []],
    ["what was interrupted", 'open("/a", O_WRONLY) = ? ERESTARTSYS (To be restarted)', []],
    ["a sandbox", "unshare(CLONE_NEWNS|CLONE_NEWUSER) = 0", [{ kind: "other-root" }]],
    ["no sandbox for files", "unshare(CLONE_NEWNET) = 0", []],
    ["another root", 'chroot("/x") = 0', [{ kind: "other-root" }]],
    ["io_uring", "io_uring_setup(8, 0x7ff) = 3", [{ kind: "unseen-calls" }]],
  ])("%s", (_, call, expected) => {
    expect(events([`7 ${call}`])).toEqual(expected);
  });
});

describe("relative paths", () => {
  const open = (pid: number, name: string): string => `${pid} open("${name}", O_WRONLY) = 3`;
  const paths = (lines: readonly string[], folder: string | null = "/w"): unknown[] =>
    events(lines, folder).map((event) => ("path" in event ? event.path : event.kind));

  it("follow chdir and fchdir of their process", () => {
    expect(paths([open(7, "a"), '7 chdir("d/../e") = 0', open(7, "a"), "7 fchdir(3</x>) = 0", open(7, "a")])).toEqual([
      "/w/a",
      "/w/e/a",
      "/x/a",
    ]);
  });

  it("do not follow a chdir that failed", () => {
    expect(paths(['7 chdir("/no") = -1 EACCES (Permission denied)', open(7, "a")])).toEqual(["/w/a"]);
  });

  it("of a new process begin where its parent is, and part from there", () => {
    expect(
      paths([
        '7 chdir("/p") = 0',
        "7 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 8",
        open(8, "a"),
        '8 chdir("/c") = 0',
        open(8, "a"),
        open(7, "a"),
      ]),
    ).toEqual(["/p/a", "/c/a", "/p/a"]);
  });

  it.each([
    ["clone", "clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FS|CLONE_THREAD) = 8"],
    ["clone3", "clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, exit_signal=0}, 88) = 8"],
  ])("of threads are shared: %s", (_, clone) => {
    expect(paths([`7 ${clone}`, '8 chdir("/t") = 0', open(7, "a")])).toEqual(["/t/a"]);
  });

  it("of a thread that has parted from the others are its own", () => {
    expect(
      paths([
        "7 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FS|CLONE_THREAD) = 8",
        "8 unshare(CLONE_FS) = 0",
        '8 chdir("/t") = 0',
        open(7, "a"),
        open(8, "a"),
      ]),
    ).toEqual(["/w/a", "/t/a"]);
  });

  it("of a process that is seen before the call that made it returns are its parent's", () => {
    expect(
      paths([
        '7 chdir("/p") = 0',
        "7 vfork( <unfinished ...>",
        open(8, "a"),
        "7 <... vfork resumed>) = 8",
        open(7, "b"),
      ]),
    ).toEqual(["/p/a", "/p/b"]);
  });

  it("are known where strace says the working directory, and unknown where nobody does", () => {
    expect(paths([open(7, "a"), '7 openat(AT_FDCWD</k>, "b", O_WRONLY) = 3', open(7, "c")], null)).toEqual([
      "unknown-folder",
      "/k/b",
      "/k/c",
    ]);
  });

  it("of a number that is used again are not those of the process that had it before", () => {
    expect(
      paths(["7 fork() = 8", '8 chdir("/c") = 0', "8 +++ exited with 0 +++", "7 fork() = 8", open(8, "a")]),
    ).toEqual(["/w/a"]);
  });
});
