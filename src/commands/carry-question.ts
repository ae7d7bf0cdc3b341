import { homedir } from "node:os";
import { join } from "node:path";
import { contentOf, type Found, isBinary, type LeftOut } from "../carry/content.ts";
import { type Form, formOf, type Limits, refusals, usualLimits } from "../carry/judge.ts";
import type { Edit } from "../manifest/edit.ts";
import type { Compiled } from "../pipeline.ts";
import { rulesOf } from "../plan/fate.ts";
import { listedPath, whyUnlisted } from "../plan/listed-path.ts";
import { joinPath } from "../plan/path.ts";
import type { HostPlan, PlanEntry, PlanUser } from "../plan/plan.ts";
import type { Class } from "../plan/vocabulary.ts";
import type { Knowledge } from "../scan/knowledge.ts";
import { askedPath, kindOnDisk } from "./asked-path.ts";
import type { CommonOptions } from "./manifest-option.ts";

export interface CarryOptions extends CommonOptions {
  readonly template?: boolean;
  readonly encrypt?: boolean;
  readonly seed?: boolean;
  readonly plain?: boolean;
  /** Only these keys of one file. */
  readonly keys?: readonly string[];
  readonly class?: Class;
  readonly maxSize?: number;
  readonly maxFiles?: number;
  readonly binary?: boolean;
  readonly dryRun?: boolean;
}

/** What is to be brought in for one path asked for, or why it is not. */
export interface Carried {
  /** Below the home. */
  readonly path: string;
  readonly form: Form;
  readonly why: string;
  /** What the manifest is to say, where it says nothing yet. */
  readonly edit: Edit | undefined;
  readonly isPrivate: boolean;
  readonly found: Found;
  readonly refused: readonly LeftOut[];
}

export interface CarryQuestion {
  readonly compiled: Compiled;
  readonly plan: HostPlan;
  readonly user: PlanUser;
  readonly knowledge: Knowledge;
  readonly options: CarryOptions;
}

/** What there is to carry at a path, and how: as the manifest says, or, where it says nothing, as asked for and known. */
export function contentAsked(typed: string, question: CarryQuestion): Carried {
  const { plan, user } = question;
  const listed = listedPath(askedPath(typed, plan.host.users).live, plan.host.users);
  const none = { path: listed.path, form: "plain", why: "", edit: undefined, isPrivate: false } as const;
  const cannot = (why: string): Carried => ({
    ...none,
    found: { content: [], left: [], repository: undefined },
    refused: [{ path: listed.path, why }],
  });
  if (listed.scope === "system") return cannot("only what is in a home is carried");
  const kind = kindOnDisk(join(homedir(), listed.path));
  if (question.options.keys !== undefined && kind !== "file") return cannot("keys are carried of a single file");
  const why = whyUnlisted(listed) ?? (kind === undefined ? "there is nothing" : undefined);
  if (why !== undefined) return cannot(why);
  const rule = rulesOf(plan).deciding(joinPath(user.home, listed.path));
  const said = rule === undefined ? newEntry(listed.path, kind === "directory", question) : saidBy(rule, question);
  if (typeof said === "string") return cannot(said);
  return { ...none, ...said, ...contentAt(listed.path, said, rule, question) };
}

type Said = Pick<Carried, "form" | "why" | "edit" | "isPrivate"> & { readonly class: Class };

function saidBy(rule: PlanEntry, { options }: CarryQuestion): Said | string {
  const { file, line } = rule.origin;
  const where = `${file}:${line}`;
  if (rule.carry === null) {
    const is = { persist: "kept as state", fetch: "fetched", discard: "not kept", carry: "" }[rule.disposition];
    return `it is ${is} (\`${rule.path}\`, ${where}), and a thing comes back in one way`;
  }
  if (rule.carry.from !== null) return `${rule.carry.from.manager} has its content (${where})`;
  const form = formOf(rule.carry);
  const asked = askedForm(options);
  if (asked !== undefined && asked !== form) return `the manifest says \`carry: ${form}\` (${where}): change that line`;
  return { form, why: `as ${where} says`, edit: undefined, isPrivate: isPrivate(rule.mode), class: rule.class };
}

function newEntry(path: string, isDirectory: boolean, { compiled, knowledge, options }: CarryQuestion): Said | string {
  const suggested = knowledge.suggestion("home", path);
  const entryClass = options.class ?? suggested?.class ?? "config";
  if (options.class === undefined && suggested !== null && /^(?:cache|log|state)$/.test(suggested.class))
    return `it is ${suggested.class} (${suggested.why}): let it be persisted, or say --class config`;
  const asked = askedForm(options);
  const writes = compiled.catalogue.known("home", path)?.entry.writes;
  const isRewritten = asked === undefined && options.keys === undefined && entryClass === "config" && writes != null;
  const form = asked ?? (entryClass === "secret" ? "plain" : isRewritten ? "seed" : "plain");
  const entry = { path: isDirectory ? `${path}/` : path, class: entryClass, carry: form === "plain" ? true : form };
  const why =
    options.keys !== undefined
      ? "these keys; the rest is its program's own"
      : isRewritten
        ? "its program rewrites it: laid only where nothing is yet"
        : (suggested?.why ?? "new in the manifest");
  const isSecret = entryClass === "secret";
  return { form, why, edit: { add: "entry", scope: "home", entry }, isPrivate: isSecret, class: entryClass };
}

function askedForm({ template, encrypt, seed, plain }: CarryOptions): Form | undefined {
  if (encrypt === true) return "encrypted";
  if (template === true) return "template";
  if (seed === true) return "seed";
  return plain === true ? "plain" : undefined;
}

function isPrivate(mode: string | null): boolean {
  return mode !== null && (Number.parseInt(mode, 8) & 0o077) === 0;
}

function contentAt(
  path: string,
  { form, class: entryClass }: Said,
  outer: PlanEntry | undefined,
  question: CarryQuestion,
): Pick<Carried, "found" | "refused"> {
  const { plan, user, knowledge, options } = question;
  const rules = rulesOf(plan);
  const limits: Limits = {
    ...usualLimits,
    ...(options.maxSize === undefined ? {} : { fileBytes: options.maxSize, bytes: options.maxSize }),
    ...(options.maxFiles === undefined ? {} : { files: options.maxFiles }),
    binary: options.binary === true,
  };
  const left = (below: string): string | undefined => {
    const rule = rules.deciding(joinPath(user.home, below));
    if (rule !== undefined && rule.disposition !== "carry") return `\`${rule.path}\` is not carried`;
    if (rule !== outer) return `\`${rule?.path ?? below}\` has an entry of its own: carry it by itself`;
    const known = knowledge.suggestion("home", below);
    return rule === undefined && known?.class === "cache" ? `it is cache: ${known.why}` : undefined;
  };
  const found = contentOf(homedir(), path, left, limits.files);
  const secret = (below: string): string | undefined => {
    // A template keeps what it was made of as it was.
    if (entryClass === "secret") return "by its class";
    const known = knowledge.suggestion("home", below);
    return known?.class === "secret" ? known.why : undefined;
  };
  const facts = { form, secret, isBinary: (one: { path: string }) => isBinary(join(homedir(), one.path)) };
  const nothing =
    found.content.length === 0 && found.left.length === 0 ? [{ path, why: "there is nothing in it" }] : [];
  return { found, refused: [...nothing, ...refusals(path, found, facts, limits)] };
}
