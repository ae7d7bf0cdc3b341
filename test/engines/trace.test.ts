import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import { remanence, scratch } from "../support/workspace.ts";
import { proposed, remanenceWith, run, type Stage, savedHow, stage, traced } from "./trace-support.ts";

/** Runs a service as long as the test; it writes a line to its log, which it keeps open, and its state by rename. */
async function service({ home, env }: Stage): Promise<ChildProcess> {
  const script = `mkdir -p ~/.local/share/served; cd ~/.local/share/served; exec 5>>log
    while :; do echo x >&5; echo s >state.new; mv state.new state; cat ~/.config/served.conf 2>/dev/null; sleep 0.1; done`;
  const child = spawn("bash", ["-c", script], { env: { ...process.env, ...env }, stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const state = join(home, ".local/share/served/state");
  while (!existsSync(state)) await new Promise((resolve) => setTimeout(resolve, 20));
  return child;
}

/** Waits until the service is traced, and has saved its state since. */
async function hasWrittenTraced({ pid }: ChildProcess, { home }: Stage): Promise<void> {
  await expect
    .poll(() => readFileSync(`/proc/${pid}/status`, "utf8"), { timeout: 10_000 })
    .toMatch(/^TracerPid:\t[1-9]/m);
  const saved = (): number => statSync(join(home, ".local/share/served/log")).size;
  const before = saved();
  await expect.poll(saved, { timeout: 10_000 }).toBeGreaterThan(before + 4);
}

describeWith(["strace"], "a trace of a service that runs already", () => {
  it("ends after the time, sees what was open before, and leaves the service running", async () => {
    const own = stage();
    const child = await service(own);
    const { stdout, stderr, code } = remanence(
      own.folder,
      ["trace", "--pid", String(child.pid), "--for", "1s", "--format", "json"],
      own.env,
    );
    expect(code, stderr).toBe(1);
    expect(stderr).toContain("^C ends the trace");
    const answer = JSON.parse(stdout) as ReturnType<typeof traced>;
    expect(answer).toMatchObject({ by: "calls", ended: null, program: "bash" });
    expect(proposed(answer)).toEqual([".local/share/served/ state null"]);
    expect(savedHow(answer, own)).toEqual({
      ".local/share/served/log": "in-place",
      ".local/share/served/state": "rename",
    });
    expect(answer.missing.map(({ path }) => path)).toContain(".config/served.conf");
    expect(child.exitCode).toBeNull();
    expect(readFileSync(`/proc/${child.pid}/status`, "utf8")).toMatch(/^TracerPid:\t0$/m);
  });

  it("ends where the service ends", async () => {
    const own = stage();
    const child = await service(own);
    const trace = run(own, ["trace", "--pid", String(child.pid), "--format", "json"]);
    await hasWrittenTraced(child, own);
    child.kill("SIGTERM");
    expect(JSON.parse((await trace.output).stdout)).toMatchObject({
      ended: { code: null, signal: null },
      proposals: [{ path: ".local/share/served" }],
    });
  });

  it("ends at SIGINT, and leaves the service running", async () => {
    const own = stage();
    const child = await service(own);
    const trace = run(own, ["trace", "--pid", String(child.pid), "--format", "json"]);
    await hasWrittenTraced(child, own);
    trace.process.kill("SIGINT");
    expect(JSON.parse((await trace.output).stdout)).toMatchObject({
      ended: null,
      proposals: [{ path: ".local/share/served" }],
    });
    expect(child.exitCode).toBeNull();
  });

  it.each([
    ["a process that is not there", ["--pid", "4194303"], /there is no process 4194303/],
    ["a number that is none", ["--pid", "x"], /It is the number of a process/],
    ["a time that is none", ["--for", "5", "--", "true"], /90s, 10m or 2h/],
    ["a process and a program", ["--pid", "1", "--", "true"], /not both/],
    ["nothing", [], /which program\?/],
    ["a program that is not there", ["--", "no-such-program"], /no program no-such-program/],
  ])("cannot be had of %s", (_, args, message) => {
    const { code, stderr, stdout } = remanence(stage().folder, ["trace", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});

describeWith(["strace"], "a traced program", () => {
  it("ends after the time for us alone: it goes on, and is harmed by nothing", async () => {
    const own = stage();
    const script = "exec >/dev/null 2>&1; echo a >~/.zotrc; sleep 4; echo b >~/later";
    const answer = traced(own, ["sh", "-c", script], ["--for", "1s"]);
    expect(answer.ended).toBeNull();
    expect(proposed(answer)).toContain(".zotrc state null");
    expect(existsSync(join(own.home, "later"))).toBe(false);
    await expect.poll(() => existsSync(join(own.home, "later")), { timeout: 10_000 }).toBe(true);
  });

  it.each([
    ["its exit code", "exit 7", { code: 7, signal: null }],
    ["the signal that ended it", "kill -TERM $$", { code: null, signal: "SIGTERM" }],
  ])("is asked how it ended: %s", (_, script, ended) => {
    expect(traced(stage(), ["sh", "-c", script]).ended).toEqual(ended);
  });

  it("has our stdin and stderr; its stdout is ours, or our stderr where the answer is JSON", () => {
    const own = stage();
    const text = remanenceWith(own, ["trace", "--", "sh", "-c", "read x; echo out $x; echo err >&2"], "in\n");
    expect(text.stdout).toMatch(/^out in\n.*sh ended with 0/s);
    expect(text.stderr).toBe("err\n");
    const json = remanenceWith(own, ["trace", "--format", "json", "--", "sh", "-c", "echo out"], "");
    expect(JSON.parse(json.stdout)).toMatchObject({ ended: { code: 0 } });
    expect(json.stderr).toBe("out\n");
  });

  it("is not told by its arguments, its environment, or what it writes", () => {
    const own = stage();
    const script = 'echo "$2" >"$1"; cat "$1" >/dev/null';
    const env = { ...own.env, SECRET: "planted-in-the-environment", TMPDIR: scratch() };
    const all = remanence(
      own.folder,
      ["trace", "--format", "json", "--", "sh", "-c", script, "sh", join(own.home, ".zotrc"), "planted-as-content"],
      env,
    );
    expect(all.stdout).toContain(".zotrc");
    expect(all.stdout + all.stderr).not.toContain("planted");
    expect(readdirSync(env.TMPDIR)).toEqual([]);
  });

  it("is traced with threads and processes of its own, from whichever folder", () => {
    const own = stage();
    const script = `import os, threading
os.chdir(os.path.expanduser("~"))
os.makedirs(".zot/sub")
def work():
    os.chdir(".zot")
    open("thread", "w").close()
t = threading.Thread(target=work); t.start(); t.join()
if os.fork() == 0:
    os.chdir("sub")
    fd = os.open(".", os.O_RDONLY)
    os.close(os.open("below", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os._exit(0)
os.wait()
open("main", "a").close()`;
    const answer = traced(own, ["python3", "-c", script]);
    expect(answer.ended?.code).toBe(0);
    expect(Object.keys(savedHow(answer, own)).sort()).toEqual([".zot/main", ".zot/sub/below", ".zot/thread"]);
  });

  it("is followed to names that are no UTF-8, and to those that would steer a terminal", () => {
    const own = stage();
    const { stdout } = remanence(
      own.folder,
      ["trace", "--", "bash", "-c", "mkdir ~/.zot; echo >~/.zot/$'\\377'; echo >~/$'.\\377'; echo >~/$'.e\\e[31m'"],
      own.env,
    );
    expect(stdout).toContain("~/.zot/");
    expect(stdout).toContain("~/.\\xff\n");
    expect(stdout).toContain("~/.e\\u{1b}[31m\n");
  });

  it("writes through a link to the store, and that is decided", () => {
    const own = stage("home: [.zot/]\nstores: { persist: ~/.kept }\n");
    mkdirSync(join(own.home, ".kept/.zot"), { recursive: true });
    symlinkSync(join(own.home, ".kept/.zot"), join(own.home, ".zot"));
    const answer = traced(own, ["sh", "-c", "cd -P ~/.zot && echo a >a; echo b >~/.zot/b"]);
    expect(answer.proposals).toEqual([]);
    expect(answer.decided).toMatchObject([{ path: ".zot", files: 2, origin: { line: 4 } }]);
  });

  it("is not run where the manifest is at fault", () => {
    const own = stage("home: [.zot/, 5]\n");
    const { code, stderr } = remanence(own.folder, ["trace", "--", "sh", "-c", "echo >~/ran"], own.env);
    expect([code, existsSync(join(own.home, "ran"))]).toEqual([1, false]);
    expect(stderr).toContain("Nothing was run");
  });

  it("needs no manifest", () => {
    const own = stage();
    const { code, stdout, stderr } = remanence(own.home, ["trace", "--", "sh", "-c", "echo >~/.zotrc"], own.env);
    expect(code).toBe(1);
    expect(stderr).toContain("no manifest");
    expect(stdout).toContain("{ path: .zotrc, writes: in-place }");
  });
});
