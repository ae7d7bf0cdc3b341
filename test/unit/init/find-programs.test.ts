import { describe, expect, it } from "vitest";
import { type FoundProgram, findPrograms } from "../../../src/init/find-programs.ts";
import { parseYaml } from "../../../src/manifest/yaml-source.ts";
import { parseProfile } from "../../../src/profiles/parse.ts";
import type { Profile } from "../../../src/profiles/profile.ts";

interface Made {
  readonly name: string;
  readonly paths: string;
  readonly flavours?: string;
  readonly detect?: string;
}

function profileOf({ name, paths, flavours = "{}", detect = "{}" }: Made): Profile {
  const text = `name: ${name}\ntitle: T ${name}\npaths: ${paths}\nflavours: ${flavours}\ndetect: ${detect}\nsources: ["https://example.org"]\n`;
  const { profile, diagnostics } = parseProfile(parseYaml({ path: `${name}.yaml`, text }), false);
  if (profile === undefined || diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
  return profile;
}

interface Here {
  readonly os?: "nixos" | "fedora";
  readonly users?: readonly string[];
  /** `u:.ssh` in a home, `/var/x` of the system. */
  readonly there?: readonly string[];
  readonly commands?: readonly string[];
  readonly packages?: readonly string[];
  readonly flatpaks?: readonly (readonly [string | null, string])[];
}

function found(made: readonly Made[], here: Here): string[] {
  const { os = "fedora", users = ["u"], there = [], commands = [], packages = [], flatpaks = [] } = here;
  const all = findPrograms(made.map(profileOf), {
    os,
    users,
    isThere: ({ path }, user) => there.includes(user === null ? path : `${user}:${path}`),
    commands: new Set(commands),
    packages: new Set(packages),
    flatpaks: new Map(
      [null, ...users].map((owner) => [owner, new Set(flatpaks.filter(([o]) => o === owner).map(([, id]) => id))]),
    ),
  });
  return all.map(words);
}

function words({ profile, flavour, users, paths, yieldsTo }: FoundProgram): string {
  const parts = [
    profile.name,
    ...(flavour === null ? [] : [flavour]),
    ...(users === null ? [] : [`of ${users.join("+")}`]),
  ];
  if (yieldsTo !== undefined) parts.push("yields");
  return `${parts.join(" ")}: ${paths.map(({ path }) => path).join(" ")}`.trim();
}

const firefox: Made = {
  name: "firefox",
  paths:
    "[{ path: .mozilla/, class: state }, { path: .config/mozilla/, class: state }, { path: .cache/mozilla/, class: cache }]",
  flavours:
    "{ flatpak: { id: org.mozilla.firefox, paths: [{ path: .var/app/org.mozilla.firefox/, class: state }] }, snap: { paths: [{ path: snap/firefox/, class: state }] } }",
  detect: "{ commands: [firefox], rpm: [firefox], flatpak: [org.mozilla.firefox] }",
};

describe("a program is found", () => {
  it("by its state, what matters first", () => {
    expect(found([firefox], { there: ["u:.config/mozilla"] })).toEqual(["firefox: .config/mozilla"]);
    const npm = { name: "npm", paths: "[{ path: .npm/, class: cache }, { path: .npmrc, class: secret }]" };
    expect(found([npm], { there: ["u:.npm", "u:.npmrc"] })).toEqual(["npm: .npmrc .npm"]);
  });

  it("by what is installed, if it keeps nothing yet", () => {
    expect(found([firefox], { commands: ["firefox"] })).toEqual(["firefox:"]);
    expect(found([firefox], { packages: ["firefox"] })).toEqual(["firefox:"]);
    expect(found([firefox], { flatpaks: [[null, "org.mozilla.firefox"]] })).toEqual(["firefox flatpak:"]);
    expect(found([firefox], { users: ["u", "v"], flatpaks: [["v", "org.mozilla.firefox"]] })).toEqual([
      "firefox flatpak of v:",
    ]);
    expect(found([firefox], { users: [], commands: ["firefox"] })).toEqual(["firefox:"]);
  });

  it("not by a cache below .cache, nor where it keeps nothing on this system", () => {
    expect(found([firefox], { there: ["u:.cache/mozilla"] })).toEqual([]);
    const cacheOnly = {
      name: "restic",
      paths: "[{ path: .cache/restic/, class: cache }]",
      detect: "{ commands: [restic] }",
    };
    expect(found([cacheOnly], { there: ["u:.cache/restic"], commands: ["restic"] })).toEqual([]);
    const ids = {
      name: "ids",
      paths: "[{ path: /var/lib/nixos/, class: state, on: [nixos] }]",
      detect: "{ commands: [x] }",
    };
    expect(found([ids], { there: ["/var/lib/nixos"], commands: ["x"] })).toEqual([]);
    expect(found([ids], { os: "nixos", there: ["/var/lib/nixos"] })).toEqual(["ids: /var/lib/nixos"]);
    expect(found([ids], { os: "nixos", there: [] })).toEqual([]);
  });

  it("for those who have it, and for all where the system has it", () => {
    const users = ["u", "v"];
    expect(found([firefox], { users, there: ["v:.mozilla"] })).toEqual(["firefox of v: .mozilla"]);
    expect(found([firefox], { users, there: ["v:.mozilla"], commands: ["firefox"] })).toEqual(["firefox: .mozilla"]);
    expect(found([firefox], { users, there: ["u:.mozilla", "v:.var/app/org.mozilla.firefox"] })).toEqual([
      "firefox of u: .mozilla",
      "firefox flatpak of v: .var/app/org.mozilla.firefox",
    ]);
    const both = { name: "nm", paths: "[{ path: /etc/nm/, class: secret }, { path: .cert/nm/, class: secret }]" };
    expect(found([both], { users, there: ["/etc/nm", "v:.cert/nm"] })).toEqual(["nm: /etc/nm .cert/nm"]);
  });
});

describe("of several flavours", () => {
  it("the one whose state is there", () => {
    expect(found([firefox], { there: ["u:snap/firefox"], commands: ["firefox"] })).toEqual([
      "firefox snap: snap/firefox",
    ]);
  });

  it("the installed one, and the other yields", () => {
    const there = ["u:.mozilla", "u:.var/app/org.mozilla.firefox"];
    const [flatpak, plain] = ["firefox flatpak", "firefox"];
    expect(found([firefox], { there })).toEqual([
      `${plain}: .mozilla`,
      `${flatpak} yields: .var/app/org.mozilla.firefox`,
    ]);
    expect(found([firefox], { there, flatpaks: [["u", "org.mozilla.firefox"]] })).toEqual([
      `${flatpak}: .var/app/org.mozilla.firefox`,
      `${plain} yields: .mozilla`,
    ]);
  });
});

describe("of several profiles", () => {
  const history = {
    name: "bash-history",
    paths: "[{ path: .bash_history, class: state }]",
    detect: "{ commands: [bash] }",
  };
  const bash = { name: "bash", paths: "[{ path: .bashrc, class: config }]", detect: "{ commands: [bash] }" };

  it("for one command the one whose state is there", () => {
    expect(found([history, bash], { commands: ["bash"], there: ["u:.bash_history"] })).toEqual([
      "bash-history: .bash_history",
    ]);
    expect(found([history, bash], { there: ["u:.bash_history", "u:.bashrc"] })).toHaveLength(2);
  });

  it("else the one with the command's name, or that has most of its commands", () => {
    expect(found([history, bash], { commands: ["bash"] })).toEqual(["bash:"]);
    const server = {
      name: "pg",
      paths: "[{ path: /var/lib/pg/, class: state }]",
      detect: "{ commands: [psql, postgres] }",
    };
    const client = { name: "pg-client", paths: "[{ path: .pgpass, class: secret }]", detect: "{ commands: [psql] }" };
    expect(found([server, client], { commands: ["psql"] })).toEqual(["pg-client:"]);
  });

  it("about the same paths the one of which more is there", () => {
    const docker = {
      name: "docker",
      paths: "[{ path: /var/lib/docker/, class: state }, { path: .docker/, class: secret }]",
    };
    const rootless = {
      name: "docker-rootless",
      paths: "[{ path: .docker/, class: secret }, { path: .local/share/docker/, class: state }]",
    };
    expect(found([rootless, docker], { there: ["/var/lib/docker", "u:.docker"] })).toEqual([
      "docker: /var/lib/docker .docker",
    ]);
    expect(found([rootless, docker], { there: ["u:.docker"] })).toEqual(["docker: .docker"]);
    const all = ["/var/lib/docker", "u:.docker", "u:.local/share/docker"];
    expect(found([rootless, docker], { there: all })).toHaveLength(2);
  });

  it("but never one that says less, or that is for others", () => {
    const secret = { name: "npm-login", paths: "[{ path: .npmrc, class: secret }]" };
    const config = { name: "npm", paths: "[{ path: .npmrc, class: config }]" };
    expect(found([config, secret], { there: ["u:.npmrc"] })).toEqual(["npm: .npmrc", "npm-login: .npmrc"]);
    const docs = { name: "docs", paths: "[{ path: Documents/, class: data }]" };
    const more = {
      name: "more",
      paths: "[{ path: Documents/, class: data }, { path: Images/, class: data }]",
      flavours: "{ flatpak: { id: org.x, paths: [{ path: .var/app/org.x/, class: state }] } }",
    };
    const users = ["u", "v"];
    const there = ["u:Documents", "v:Documents", "v:Images"];
    expect(found([docs, more], { users, there })).toEqual(["more: Documents Images"]);
    const apart = { users, there: [...there, "u:.var/app/org.x"], flatpaks: [["u", "org.x"]] } as const;
    expect(found([docs, more], apart)).toEqual([
      "docs: Documents",
      "more flatpak of u: .var/app/org.x",
      "more of v: Documents Images",
      "more of u yields: Documents",
    ]);
  });
});
