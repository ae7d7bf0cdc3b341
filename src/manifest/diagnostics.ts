import { defineDiagnostics } from "../diagnostics/define.ts";

interface Named {
  readonly name: string;
}
interface Unknown extends Named {
  readonly known?: string | undefined;
}
const meant = ({ known }: { known?: string | undefined }): string | undefined =>
  known === undefined ? undefined : `did you mean \`${known}\`?`;

type ReferenceFault =
  | { readonly fault: "directory"; readonly path: string }
  | { readonly fault: "from"; readonly given: string }
  | { readonly fault: "entry"; readonly from: string }
  | { readonly fault: "onepassword"; readonly entry: string };

function referenceFault(what: ReferenceFault): string {
  switch (what.fault) {
    case "directory":
      return `\`${what.path}\` is no file, and a password manager has the content of files`;
    case "from":
      return `\`${what.given}\` does not say of which password manager (\`from\`)`;
    case "entry":
      return `\`entry\` is missing: what the content is called in ${what.from}`;
    case "onepassword":
      return `\`${what.entry}\` is no reference of 1Password`;
  }
}

/** What can be wrong with a manifest as such, before any host is looked at. */
export const manifestDiagnostics = defineDiagnostics({
  "manifest/empty": {
    severity: "error",
    message: (_: object) => "the manifest is empty",
    help: () => "start with `version: 1`, a user, a host and what you keep: `remanence schema` describes each key",
  },
  "manifest/too-large": {
    severity: "error",
    message: ({ bytes, limit }: { bytes: number; limit: number }) =>
      `this file has ${bytes} bytes; a manifest has at most ${limit}`,
    help: () => "split what belongs together into files and `include` them, or check that this is the manifest",
  },
  "manifest/not-utf8": {
    severity: "error",
    message: ({ utf16 }: { utf16: boolean }) => (utf16 ? "this file is UTF-16 text" : "this file is not UTF-8 text"),
    help: () => "save it as UTF-8",
  },
  "manifest/version": {
    severity: "error",
    message: (_: object) => "the manifest does not say its version",
    help: () => "begin with `version: 1`",
  },
  "manifest/unknown-key": {
    severity: "error",
    message: ({ name, where }: Unknown & { where: string; help?: string | undefined }) =>
      `unknown key \`${name}\` in ${where}`,
    label: ({ known }) => meant({ known }),
    help: ({ help }) => help,
  },
  "manifest/missing-key": {
    severity: "error",
    message: ({ name, where }: Named & { where: string; help?: string | undefined }) =>
      `\`${name}\` is missing in ${where}`,
    help: ({ help }) => help,
  },
  "manifest/type": {
    severity: "error",
    message: ({
      what,
      expected,
      found,
    }: {
      what: string;
      expected: string;
      found: string;
      help?: string | undefined;
    }) => `${what} must be ${expected}, not ${found}`,
    help: ({ help }) => help,
  },
  "manifest/value": {
    severity: "error",
    message: ({
      what,
      detail,
    }: {
      what: string;
      detail: string;
      known?: string | undefined;
      help?: string | undefined;
    }) => `${what}: ${detail}`,
    label: meant,
    help: ({ help }) => help,
  },
  "manifest/name": {
    severity: "error",
    message: ({ name, kind, rule }: Named & { kind: string; rule: string }) =>
      `\`${name}\` cannot be the name of a ${kind}: ${rule}`,
  },
  "manifest/defined-twice": {
    severity: "error",
    message: ({ name, kind, other }: Named & { kind: string; other: string }) =>
      `${kind} \`${name}\` is defined in ${other} too`,
    help: () => "keep one definition",
  },
  "manifest/include": {
    severity: "error",
    message: ({ name, detail }: Named & { detail: string }) => `cannot include \`${name}\`: ${detail}`,
    help: () => "an included file lies beside the manifest or below it, and includes nobody that includes it",
  },
  "manifest/no-hosts": {
    severity: "error",
    message: (_: object) => "the manifest names no host",
    help: () => "add one under `hosts:`, for example `laptop: { os: nixos }`",
  },
  "manifest/no-users": {
    severity: "error",
    message: (_: object) => "there are entries for homes, but the manifest names no user",
    help: () => "add one under `users:`, for example `mitsio: {}`",
  },
  "manifest/shared-home": {
    severity: "error",
    message: ({ name, home, other }: Named & { home: string; other: string }) =>
      `user \`${name}\` has the home of \`${other}\`: \`${home}\``,
    help: () => "give each user a home of its own: what is kept there has one owner",
  },
  "manifest/unknown-user": {
    severity: "error",
    message: ({ name }: Unknown) => `there is no user \`${name}\` in this manifest`,
    label: meant,
    help: () => "users are named under `users:`",
  },
  "manifest/unknown-store": {
    severity: "error",
    message: ({ name }: Unknown) => `there is no store \`${name}\``,
    label: meant,
    help: () => "stores are named under `stores:`, or for one host under its own `stores:`",
  },
  "manifest/unknown-host": {
    severity: "error",
    message: ({ name }: Unknown) => `\`${name}\` is neither a host of this manifest nor an OS name`,
    label: meant,
    help: () => "write the name of a host, or `nixos` or `fedora`",
  },
  "manifest/unknown-profile": {
    severity: "error",
    message: ({ name }: Unknown) => `there is no profile \`${name}\``,
    label: meant,
    help: () => "`remanence profiles list` names them; your own go into `profiles/` beside the manifest",
  },
  "manifest/unknown-flavour": {
    severity: "error",
    message: ({ name, profile }: Unknown & { profile: string }) => `profile \`${profile}\` has no flavour \`${name}\``,
    label: meant,
  },
  "manifest/default-store": {
    severity: "error",
    message: (_: object) => "there are several stores, and none is called `persist`",
    help: () => "entries without `store:` live in the store `persist`: name one so",
  },
  "manifest/path": {
    severity: "error",
    message: ({ path, detail }: { path: string; detail: string; help?: string | undefined }) =>
      `\`${path}\`: ${detail}`,
    help: ({ help }) => help,
  },
  "manifest/kind": {
    severity: "error",
    message: ({ path, is }: { path: string; is: "directory" | "file"; help: string }) => `\`${path}\` is a ${is}`,
    label: ({ is }) =>
      is === "directory"
        ? "written without a slash, this means a file"
        : "written with a slash, this means a directory",
    help: ({ help }) => help,
  },
  "manifest/mode": {
    severity: "error",
    message: ({ mode }: { mode: string }) => `\`${mode}\` is not a mode`,
    help: () => 'write it in octal, in quotes ("0700"), or as u=rwx,g=rx,o=',
  },
  "manifest/conflicting-keys": {
    severity: "error",
    message: ({ one, other, why }: { one: string; other: string; why: string }) =>
      `\`${one}\` and \`${other}\` contradict each other: ${why}`,
    help: () => "keep one of the two",
  },
  "manifest/no-effect": {
    severity: "warning",
    message: ({ key, why }: { key: string; why: string }) => `\`${key}\` has no effect here: ${why}`,
  },
  "manifest/home-only": {
    severity: "warning",
    message: ({ key, path }: { key: string; path: string }) =>
      `nothing lays \`${path}\`: \`${key}\` is for what is in a home`,
    help: ({ key }) => `leave \`${key}\` away: a path of the system is persisted, or declared in its own configuration`,
  },
  "manifest/fetch-kind": {
    severity: "warning",
    message: ({ path, what, is }: { path: string; what: string; is: "directory" | "file" }) =>
      `\`${path}\` is written as a ${is === "file" ? "directory" : "file"}, but ${what} comes as a ${is}`,
    help: ({ path, is }) => `write \`${path}${is === "directory" ? "/" : ""}\``,
  },
  "manifest/kept-pattern": {
    severity: "error",
    message: ({ path }: { path: string }) => `\`${path}\` is a pattern, and patterns are only for what is discarded`,
    help: () => "write `class: cache` or `need: none`, or name what is kept path by path",
  },
  "manifest/reference": {
    severity: "error",
    message: (what: ReferenceFault) => referenceFault(what),
    help: (what: ReferenceFault) =>
      what.fault === "directory"
        ? "write the files one by one, without a slash at the end"
        : what.fault === "onepassword"
          ? 'copy the secret reference in 1Password: `entry: "op://vault/item/field"`'
          : 'write `carry: { from: keepassxc, entry: "Internet/github" }`',
  },
  "manifest/secret-in-clear": {
    severity: "error",
    message: ({ path }: { path: string }) => `\`${path}\` is a secret and would be carried in the clear`,
    help: () =>
      "write `carry: encrypted`, or `carry: { from: keepassxc, entry: … }` for what a password manager has, or let it be persisted",
  },
  "manifest/output": {
    severity: "error",
    message: ({ name, path, detail }: { name: string; path: string; detail: string }) =>
      `output \`${name}\` cannot be \`${path}\`: ${detail}`,
    help: () => "outputs are folders beside the manifest or below it, such as `chezmoi` or `hosts/{host}`",
  },
});
