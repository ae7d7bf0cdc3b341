import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  actions,
  contents,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { quicken } from "../support/restic-key.ts";
import { scratch } from "../support/workspace.ts";

const files = { a: "1", below: { b: "2", empty: {} } };
const restoring = (home: string): string[] => readdirSync(home).filter((name) => name.startsWith(".remanence-restore"));

interface Saved {
  readonly scripts: Scripts;
  readonly home: string;
  readonly to: string;
}

/** A home with linked entries and one in its place, backed up. */
async function saved(home = newHome(), engine: "tar" | "restic" = "tar", top = ""): Promise<Saved> {
  const to = join(scratch(), "backup");
  if (engine === "tar") mkdirSync(to);
  const backup =
    engine === "tar"
      ? `{ engine: tar, path: "${to}" }`
      : `{ engine: restic, repository: "${to}", password-file: ~/.password }`;
  const entries = [
    "app/",
    "photos/",
    "{ path: .config/, class: config, how: none }",
    "{ path: .config/cache/, class: cache }",
    ".profile",
  ];
  const scripts = await scriptsOf(manifestOf(entries, { backup, top }));
  lay(home, {
    app: files,
    photos: files,
    ".config": { "monitors.xml": "<here>", other: "x", cache: { c: "x" } },
    ".profile": "y",
  });
  writeFileSync(join(home, ".password"), "secret\n", { mode: 0o600 });
  expectRun(0, scripts, "link", [], { home });
  expectRun(0, scripts, "backup", engine === "restic" ? ["--init"] : [], { home });
  if (engine === "restic") quicken(to);
  return { scripts, home, to };
}

/** Takes away everything but the password. */
function lose(home: string): void {
  for (const name of readdirSync(home)) if (name !== ".password") rmSync(join(home, name), { recursive: true });
}

describeWith(["zstd", "restic"], "restore.sh", () => {
  it.each(["tar", "restic"] as const)(
    "brings everything back, to be linked again, but for what belongs to one machine: %s",
    async (engine) => {
      const { scripts, home } = await saved(newHome(), engine);
      const before = contents(home);
      lose(home);
      const done = expectRun(0, scripts, "restore", [], { home });
      expect(done.err).toContain("~/.config/monitors.xml belongs to one machine");
      // What is left out of backups is another matter.
      expect(done.err).not.toContain("left where they are");
      const [stage = ""] = restoring(home);
      expect(readFileSync(join(home, stage, "of-one-machine", home, ".config/monitors.xml"), "utf8")).toBe("<here>");
      rmSync(join(home, stage), { recursive: true });
      expectRun(0, scripts, "link", [], { home });
      const after = contents(home);
      const gone = Object.keys(before).filter((path) => !(path in after) && !path.startsWith(".local"));
      expect(gone.sort()).toEqual([".config/cache", ".config/cache/c", ".config/monitors.xml"]);
      for (const path of Object.keys(before).filter(
        (p) => p in after && !/^(\.|\.local.*|\.config|\.persist)$/.test(p),
      )) {
        expect(after[path], path).toBe(before[path]);
      }
    },
  );

  it.each(["tar", "restic"] as const)(
    "replaces nothing that is there, and keeps the restored copy for a person to compare: %s",
    async (engine) => {
      const { scripts, home } = await saved(newHome(), engine);
      writeFileSync(join(home, ".persist", "app", "a"), "changed since");
      rmSync(join(home, ".persist", "photos"), { recursive: true });
      const kept = contents(join(home, ".persist", "app"));
      const done = expectRun(3, scripts, "restore", ["--format", "json"], { home });
      expect(Object.values(actions(done)).sort()).toEqual(["refuse", "restore", "same", "same"]);
      expect(contents(join(home, ".persist", "app"))).toEqual(kept);
      expect(readFileSync(join(home, "photos", "below", "b"), "utf8")).toBe("2");
      const [stage = ""] = restoring(home);
      expect(lstatSync(join(home, stage)).mode & 0o777).toBe(0o700);
      expect(contents(join(home, stage, home, ".persist", "app"))).toMatchObject({ "below/empty": "directory 755" });
      expect(readFileSync(join(home, stage, home, ".persist", "app", "a"), "utf8")).toBe("1");
      expect(existsSync(join(home, stage, home, ".persist", "photos"))).toBe(false);
    },
  );

  it("brings back one thing by its name, and what belongs to one machine when it is named", async () => {
    const { scripts, home } = await saved();
    lose(home);
    expectRun(0, scripts, "restore", ["--only", "photos"], { home });
    expect(readdirSync(home).sort()).toEqual([".local", ".password", ".persist"]);
    expect(readdirSync(join(home, ".persist"))).toEqual(["photos"]);
    expectRun(2, scripts, "restore", ["--only", "photo"], { home });
  });

  it("shows with --dry-run what would come back, and changes nothing", async () => {
    const { scripts, home } = await saved();
    rmSync(join(home, ".persist", "photos"), { recursive: true });
    const before = snapshot(home);
    const done = expectRun(3, scripts, "restore", ["--dry-run", "--format", "json"], { home });
    expect(Object.values(actions(done)).filter((action) => action === "restore").length).toBe(1);
    expect(snapshot(home)).toBe(before);
    lose(home);
    expectRun(0, scripts, "restore", ["--dry-run"], { home });
  });

  it("notices a damaged archive, with and without its checksum, and puts nothing in place", async () => {
    const { scripts, home, to } = await saved();
    const archive = join(to, readdirSync(to).find((name) => name.endsWith(".zst")) ?? "");
    const whole = readFileSync(archive);
    for (const damage of [
      () => appendFileSync(archive, "x"),
      () => truncateSync(archive, whole.length - 20),
      () =>
        writeFileSync(
          archive,
          whole.map((byte, i) => (i > 40 && i < 60 ? 255 - byte : byte)),
        ),
    ]) {
      writeFileSync(archive, whole);
      damage();
      lose(home);
      expect(expectRun(2, scripts, "restore", [], { home }).err).toContain("damaged");
      expect(readdirSync(home)).toEqual([".password"]);
      renameSync(`${archive}.sha256`, `${archive}.hidden`);
      expectRun(2, scripts, "restore", [], { home });
      expect(existsSync(join(home, ".persist"))).toBe(false);
      renameSync(`${archive}.hidden`, `${archive}.sha256`);
    }
  });

  it("takes the newest archive, or the one that is named", async () => {
    const { scripts, home, to } = await saved();
    const [first = ""] = readdirSync(to).filter((name) => name.endsWith(".zst"));
    writeFileSync(join(home, "photos", "a"), "newer");
    expectRun(0, scripts, "backup", [], { home });
    lose(home);
    expectRun(0, scripts, "restore", [], { home });
    expect(readFileSync(join(home, ".persist/photos/a"), "utf8")).toBe("newer");
    lose(home);
    expectRun(0, scripts, "restore", ["--from", join(to, first)], { home });
    expect(readFileSync(join(home, ".persist/photos/a"), "utf8")).toBe("1");
    expectRun(2, scripts, "restore", ["--from", join(to, "nothing")], { home });
    expectRun(2, scripts, "restore", ["--from"], { home });
  });

  it("takes an archive in which a file comes long after its directory, with the directory's time", async () => {
    const { scripts, home, to } = await saved();
    const app = join(home, ".persist", "app");
    run(["touch", "-d", "2001-02-03", app], { home });
    // Directories that may not be written, also in what a run that was stopped left.
    chmodSync(join(app, "below"), 0o555);
    chmodSync(app, 0o555);
    const time = Math.floor(statSync(app).mtimeMs / 1000);
    const made = run(
      [
        "bash",
        "-c",
        `cd / && find ".$1/.persist" ! -name b -print0 | tar -c --null --no-recursion --files-from=- --add-file ".$1/.persist/app/below/b" | zstd -q >"$2"`,
        "-",
        home,
        join(to, "late.tar.zst"),
      ],
      { home },
    );
    expect(made.code, made.err).toBe(0);
    chmodSync(join(app, "below"), 0o755);
    lose(home);
    lay(home, { ".remanence-restore-abcdef.partial": { a: { b: "1" } } });
    chmodSync(join(home, ".remanence-restore-abcdef.partial/a"), 0o555);
    for (const path of [home, to, join(to, "..")]) run(["chown", "-R", "4321:4321", path], { home });
    const done = runScript(scripts, "restore", ["--from", join(to, "late.tar.zst"), "--only", "app"], {
      home,
      uid: 4321,
    });
    expect(done.code, done.err).toBe(0);
    expect(restoring(home)).toEqual([]);
    expect(statSync(app).mode & 0o777).toBe(0o555);
    expect(Math.floor(statSync(app).mtimeMs / 1000)).toBe(time);
    expect(readFileSync(join(app, "below", "b"), "utf8")).toBe("2");
    chmodSync(join(app, "below"), 0o755);
  });

  it("restores a hard link whose other name is not asked for", async () => {
    const home = newHome();
    lay(home, { app: { first: "shared" }, photos: {} });
    linkSync(join(home, "app", "first"), join(home, "photos", "second"));
    const { scripts } = await saved(home);
    lose(home);
    expectRun(0, scripts, "restore", ["--only", "photos"], { home });
    expect(readFileSync(join(home, ".persist/photos/second"), "utf8")).toBe("shared");
    expect(existsSync(join(home, ".persist/app"))).toBe(false);
    lose(home);
    expectRun(0, scripts, "restore", [], { home });
    expect(statSync(join(home, ".persist/photos/second")).ino).toBe(statSync(join(home, ".persist/app/first")).ino);
  });
});

describeWith(["zstd", "age"], "restore.sh with encrypted archives", () => {
  it("opens them with the right key only", async () => {
    const to = scratch();
    const keys = ["right", "wrong"].map((name) => join(scratch(), name));
    const [recipient = ""] = keys.map(
      (key) => /age1\S+/.exec(run(["age-keygen", "-o", key], { home: "/" }).err)?.[0] ?? "",
    );
    const scripts = await scriptsOf(
      manifestOf(["{ path: .ssh/, class: secret }"], {
        backup: `{ engine: tar, path: "${to}", encrypt: { age: ${recipient} } }`,
      }),
    );
    const home = newHome();
    lay(home, { ".ssh": { id: "private" } });
    expectRun(0, scripts, "backup", [], { home });
    expect(run(["grep", "-c", "private", join(to, readdirSync(to)[0] ?? "")], { home }).out.trim()).toBe("0");
    rmSync(join(home, ".ssh"), { recursive: true });
    const before = snapshot(home);
    expect(expectRun(2, scripts, "restore", [], { home }).err).toContain("--identity");
    expect(snapshot(home)).toBe(before);
    expectRun(2, scripts, "restore", ["--identity", keys[1] ?? ""], { home });
    expect(restoring(home)).toEqual([]);
    expectRun(0, scripts, "restore", ["--identity", keys[0] ?? ""], { home });
    expect(readFileSync(join(home, ".ssh", "id"), "utf8")).toBe("private");
    rmSync(join(to, readdirSync(to).find((name) => name.endsWith(".age")) ?? ""));
    expectRun(2, scripts, "restore", [], { home });
  });
});

describeWith(["zstd", "restic", "acl", "attr", "loop"], "restore.sh and what a file is beside its content", () => {
  it.each(["tar", "restic"] as const)(
    "keeps modes, times, attributes, access lists, hard links and holes, onto another mount too: %s",
    async (engine) => {
      const home = newHome(mounted("ext4"));
      lay(home, { photos: { plain: "x", "read-only": { inside: "y" } } });
      const at = (path: string): string => join(home, "photos", path);
      truncateSync(at("plain"), 50 << 20);
      linkSync(at("plain"), at("second"));
      chmodSync(at("read-only"), 0o555);
      chmodSync(at("read-only/inside"), 0o4750);
      run(["setfattr", "-n", "user.note", "-v", "hello", at("read-only/inside")], { home });
      run(["setfacl", "-m", "u:4321:r", at("read-only/inside")], { home });
      run(["touch", "-d", "2001-02-03 04:05:06.789", at("read-only/inside")], { home });
      const facts = (): string =>
        run(
          [
            "bash",
            "-c",
            'cd "$1"/photos/ && stat -c "%n %a %y %h %F" plain second read-only read-only/inside && getfattr -d read-only/inside && getfacl -n read-only/inside',
            "-",
            home,
          ],
          { home },
        ).out;
      const { scripts } = await saved(home, engine);
      const before = facts();
      expect(before).toContain("hello");
      lose(home);
      mkdirSync(join(home, ".persist"));
      const other = engine === "tar" ? mounted("tmpfs") : undefined;
      if (other !== undefined) {
        run(["mount", "--bind", other, join(home, ".persist")], { home });
        onTestFinished(() => void run(["umount", join(home, ".persist")], { home }));
      }
      expectRun(0, scripts, "restore", ["--only", "photos"], { home });
      const stored = join(home, ".persist", "photos");
      if (other === undefined) expectRun(0, scripts, "link", ["--only", "photos"], { home });
      else lay(home, { photos: { link: ".persist/photos" } });
      expect(facts()).toBe(before);
      if (engine === "tar") expect(statSync(join(stored, "plain")).blocks).toBeLessThan(1000);
      expect(restoring(home)).toEqual([]);
    },
  );

  it("works for an ordinary user", async () => {
    const { scripts, home, to } = await saved();
    lose(home);
    for (const path of [home, to, join(to, "..")]) run(["chown", "-R", "4321:4321", path], { home });
    // Its group may write here, and is nobody else.
    run(["install", "-d", "-m", "0775", "-o", "4321", "-g", "4321", join(home, ".persist")], { home });
    expect(runScript(scripts, "restore", ["--only", "app"], { home, uid: 4321 }).code).toBe(0);
    chmodSync(join(home, ".persist"), 0o777);
    expect(runScript(scripts, "restore", ["--only", "photos"], { home, uid: 4321 }).out).toContain(
      "others can change ~/.persist",
    );
    chmodSync(join(home, ".persist"), 0o775);
    const done = runScript(scripts, "restore", [], { home, uid: 4321 });
    expect(done.code, done.err).toBe(0);
    expect(contents(join(home, ".persist", "photos"))["below/b"]).toBe("file 644 d4735e3a265e16ee");
  });
});
