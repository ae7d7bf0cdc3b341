import { posix } from "node:path";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { type Binding, type NixModule, nix } from "../../languages/nix.ts";
import { isBelow } from "../../plan/path.ts";
import { relocatedAround } from "../../plan/physical.ts";
import type { HostPlan, PlanEntry, PlanUser } from "../../plan/plan.ts";
import { type CarriedFile, carriedEntries, carriedFiles, isCarriedByHomeManager } from "../carried-content.ts";
import { type EmitInput, folderOf } from "../emitter.ts";
import { homeManagerDiagnostics as say } from "./diagnostics.ts";

/** Reads each carried file where it lies in the chezmoi source. */
const carried = "carried";

/** The carried files of a user that home-manager lays, by their entries; none where chezmoi does. */
function contentOf(plan: HostPlan, user: PlanUser, input: EmitInput): [PlanEntry, readonly CarriedFile[]][] {
  if (!isCarriedByHomeManager(plan)) return [];
  const entries = carriedEntries(plan).filter((entry) => entry.user === user.name);
  const inner = (entry: PlanEntry, target: string): boolean =>
    entries.some(({ path }) => isBelow(path, entry.path) && (target === path || isBelow(target, path)));
  return entries.map((entry) => [
    entry,
    carriedFiles(input.chezmoi, entry.path).filter(({ target }) => !inner(entry, target)),
  ]);
}

/**
 * Adds what is carried to a user's module: `home.file`, out of the same source that chezmoi lays on other hosts. home-manager
 * copies it into the Nix store, and refuses to replace a file that is there.
 */
export function withCarried(module: NixModule, plan: HostPlan, user: PlanUser, input: EmitInput): NixModule {
  const files = contentOf(plan, user, input).flatMap(([entry, content]) =>
    content.map((file, i): Binding => ({ ...fileBinding(file), ...(i === 0 ? remarksOn(entry) : {}) })),
  );
  if (files.length === 0) return module;
  const folder = posix.relative(`/${folderOf(input, "home-manager", plan.host.name)}`, `/${input.chezmoi.root}`);
  const read = nix.lambda(["path"], nix.path(folder === "" ? "." : folder, nix.reference("path")));
  return {
    ...module,
    header: [
      ...module.header,
      "What is carried comes from the chezmoi source of this repository; a flake sees only what `git add` has been told of.",
    ],
    let: [...(module.let ?? []), { name: carried, value: read }],
    body: withFiles(module.body, files),
  };
}

function fileBinding({ target, source, attributes }: CarriedFile): Binding {
  const from = nix.call(carried, source);
  // What chezmoi makes executable need not be so in the repository.
  if (!attributes.has("executable_")) return { name: [target, "source"], value: from };
  return {
    name: target,
    value: nix.set([
      { name: "source", value: from },
      { name: "executable", value: true },
    ]),
  };
}

function remarksOn({ path, kind, note }: PlanEntry): Pick<Binding, "above" | "gap"> {
  const what = kind === "directory" ? `${path}/` : path;
  return { above: note === null ? `carried: ${what}` : `carried: ${what} (${note})`, gap: true };
}

/** Into the module's own `home.file` where it has one: Nix takes a set only once. */
function withFiles(body: readonly Binding[], files: readonly Binding[]): Binding[] {
  const isFiles = ({ name }: Binding): boolean => Array.isArray(name) && name.join(".") === "home.file";
  const own = body.find(isFiles)?.value;
  const bindings = typeof own === "object" && own !== null && "nix" in own && own.nix === "set" ? own.bindings : [];
  const all: Binding = { name: ["home", "file"], value: nix.set([...bindings, ...files]), gap: true };
  return bindings.length === 0 ? [...body, all] : body.map((binding) => (isFiles(binding) ? all : binding));
}

/** What is carried in a way that home-manager does not know, or where it must not lay anything. */
export function carriedFaults(plan: HostPlan, user: PlanUser, input: EmitInput): Diagnostic[] {
  const content = contentOf(plan, user, input);
  return content.flatMap(([entry, files]) => [
    // A secret has its own error.
    ...(entry.class === "secret" ? [] : formFaults(entry, files)),
    ...linkFaults(plan, entry),
    ...plan.rules
      .filter((rule) => rule.disposition === "fetch" && rule.user === user.name && isBelow(rule.path, entry.path))
      .map((rule) => say["home-manager/fetch-below-carried"]({ path: rule.path, above: entry.path }, rule.span)),
  ]);
}

function formFaults(entry: PlanEntry, files: readonly CarriedFile[]): Diagnostic[] {
  const { carry, mode, path, span } = entry;
  const asked = (["template", "encrypted", "seed"] as const).filter((form) => carry?.[form] === true);
  const isPrivate = mode !== null && (Number.parseInt(mode, 8) & 0o077) === 0;
  const fault = (why: string, instead: string) => say["home-manager/carry-form"]({ path, why, instead }, span);
  return [
    ...asked.map((form) => fault(`\`carry: ${form}\` is for chezmoi`, "write `carry: true`")),
    ...(isPrivate ? [fault(`nobody else may read it (${mode}), and everybody reads the Nix store`, "persist it")] : []),
    ...files.flatMap(({ source, attributes }) =>
      [...attributes].flatMap((attribute) => {
        const why = unknownForms[attribute];
        return why === undefined ? [] : [fault(`\`${source}\` ${why}`, "give it a plain form (`chezmoi chattr`)")];
      }),
    ),
  ];
}

/** Attributes of chezmoi's that home-manager has nothing for. */
const unknownForms: Readonly<Record<string, string>> = {
  ".tmpl": "is a template",
  encrypted_: "is encrypted",
  private_: "is private, and everybody reads the Nix store",
  create_: "is laid once and then left to its program, which cannot write to the Nix store",
  modify_: "is a script that changes a file",
  symlink_: "is a link",
};

function linkFaults(plan: HostPlan, entry: PlanEntry): Diagnostic[] {
  const around = relocatedAround(plan, entry.live);
  if (around?.how !== "symlink") return [];
  return [say["home-manager/carry-below-link"]({ path: entry.path, link: around.path }, entry.span)];
}
