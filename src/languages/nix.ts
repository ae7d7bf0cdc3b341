import { Fragment, type Language, oneLine } from "./fragment.ts";
import { attributeName, escaped, indentedText, pathText, quoted } from "./nix-text.ts";

/**
 * Nix, printed from data in nixfmt's style (RFC 166): two blanks, a list of one simple element in one line, two or
 * more one a line, final newline. Rules measured with nix-instantiate: facts on Nix, section 3.1.
 */
export type NixValue = string | number | boolean | null | NixNode | readonly NixValue[];

type NixNode =
  | { readonly nix: "set"; readonly bindings: readonly Binding[] }
  | { readonly nix: "list"; readonly items: readonly Item[]; readonly tall?: boolean }
  | { readonly nix: "reference"; readonly name: string }
  | { readonly nix: "select"; readonly from: string; readonly path: readonly string[]; readonly or?: NixValue }
  | { readonly nix: "equal"; readonly left: NixValue; readonly right: NixValue }
  | { readonly nix: "path"; readonly path: string; readonly below?: Reference }
  | { readonly nix: "call"; readonly name: string; readonly args: readonly NixValue[] }
  | { readonly nix: "lambda"; readonly parameters: readonly string[]; readonly body: NixValue }
  | { readonly nix: "text"; readonly parts: readonly (string | Reference)[] }
  | { readonly nix: "script"; readonly text: string };
type Reference = Extract<NixNode, { nix: "reference" }>;

interface Remarks {
  /** Beside the line. */
  readonly comment?: string | null;
  /** On a line of its own above. */
  readonly above?: string | readonly string[] | null;
  /** An empty line before it. */
  readonly gap?: boolean;
}
export interface Binding extends Remarks {
  /** One attribute name, or a path of them (`fileSystems."/persist".neededForBoot`). */
  readonly name: string | readonly string[];
  readonly value: NixValue;
}
export interface Item extends Remarks {
  readonly value: NixValue;
}

function isSimple(value: NixValue): boolean {
  if (Array.isArray(value)) return false;
  if (typeof value !== "object" || value === null) return true;
  const node = value as NixNode;
  return node.nix === "reference" || node.nix === "text";
}

function print(value: NixValue, indent: string): string {
  if (value === null) return "null";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value))
    return printList(
      value.map((item) => ({ value: item })),
      indent,
    );
  const node = value as NixNode;
  switch (node.nix) {
    case "set":
      return printSet(node.bindings, indent);
    case "list":
      return printList(node.items, indent, node.tall);
    case "reference":
      return node.name;
    case "select": {
      const selected = [node.from, ...node.path.map(attributeName)].join(".");
      return node.or === undefined ? selected : `${selected} or ${printOperand(node.or, indent)}`;
    }
    case "equal":
      return `${printOperand(node.left, indent)} == ${printOperand(node.right, indent)}`;
    case "path":
      return pathText(node.path, node.below?.name);
    case "text":
      return `"${node.parts.map((p) => (typeof p === "string" ? escaped(p) : `\${${p.name}}`)).join("")}"`;
    case "script":
      return printScript(node.text, indent);
    case "lambda":
      return [...node.parameters.map((name) => `${name}:`), print(node.body, indent)].join(" ");
    case "call":
      return [node.name, ...node.args.map((arg) => printOperand(arg, indent))].join(" ");
  }
}

/** A value where only a simple expression may stand: in a list, beside an operator, as an argument. */
function printOperand(value: NixValue, indent: string): string {
  const text = print(value, indent);
  const isCompound =
    typeof value === "object" &&
    value !== null &&
    "nix" in value &&
    (/^(?:call|equal|lambda|path)$/.test(value.nix) || (value.nix === "select" && value.or !== undefined));
  return isCompound || (typeof value === "number" && value < 0) ? `(${text})` : text;
}

function printScript(text: string, indent: string): string {
  const lines = indentedText(text.replace(/\n+$/, "")).split("\n");
  // Nix cuts off what all lines begin with, so one of them has to stand at the margin.
  if (lines.some((line) => line.startsWith(" ")) && !lines.some((line) => /^[^ ]/.test(line)))
    throw new TypeError("all lines of a script are indented");
  const body = lines.map((line) => (line === "" ? "" : `${indent}  ${line}`));
  return `''\n${body.join("\n")}\n${indent}''`;
}

function remarksAbove({ above, gap }: Remarks, indent: string, first: boolean): string {
  const lines = above === undefined || above === null ? [] : typeof above === "string" ? [above] : above;
  const blank = gap === true && !first ? "\n" : "";
  return blank + lines.map((line) => `${indent}${commentText(line)}\n`).join("");
}

function commentText(text: string): string {
  return `# ${oneLine(text)}`.trimEnd();
}

function beside({ comment }: Remarks): string {
  return comment === undefined || comment === null || comment === "" ? "" : ` ${commentText(comment)}`;
}

function hasRemarks({ comment, above }: Remarks): boolean {
  return beside({ comment: comment ?? null }) !== "" || (above !== undefined && above !== null);
}

/** nixfmt's width: what does not fit is broken where that is possible. */
const width = 100;

/** What follows `=` where the value does not fit beside its name: a list one element a line, a call on a line of its own. */
function printBroken(value: NixValue, indent: string): string {
  const isNode = typeof value === "object" && value !== null && "nix" in value;
  if (isNode && (value.nix === "call" || value.nix === "equal")) return `\n${indent}  ${print(value, `${indent}  `)}`;
  return ` ${print(tall(value), indent)}`;
}

/**
 * How long a binding may be. nixfmt does not count the indentation of a call, but a column for the remark beside it; and it
 * leaves a call alone where no part of the name is quoted. (Measured with nixfmt 1.4.0, which counts where it wants to break.)
 */
function room(binding: Binding, name: string, indent: string): number {
  const { value } = binding;
  const isNode = typeof value === "object" && value !== null && "nix" in value;
  if (!isNode || (value.nix !== "call" && value.nix !== "equal")) return width - indent.length;
  if (value.nix === "call" && !name.includes('"')) return Number.POSITIVE_INFINITY;
  return beside(binding) === "" ? width : width - 1;
}

/** A list of one element that takes more than one line all the same. */
function tall(value: NixValue): NixValue {
  if (Array.isArray(value)) return { nix: "list", items: value.map((item) => ({ value: item })), tall: true };
  const isList = typeof value === "object" && value !== null && "nix" in value && value.nix === "list";
  return isList ? { ...value, tall: true } : value;
}

function printList(items: readonly Item[], indent: string, tall = false): string {
  const only = items[0];
  if (only === undefined) return "[ ]";
  if (items.length === 1 && !tall && isSimple(only.value) && !hasRemarks(only))
    return `[ ${printOperand(only.value, indent)} ]`;
  const inner = `${indent}  `;
  const lines = items.map((item, i) => {
    const above = remarksAbove(item, inner, i === 0);
    return `${above}${inner}${printOperand(item.value, inner)}${beside(item)}\n`;
  });
  return `[\n${lines.join("")}${indent}]`;
}

function printSet(bindings: readonly Binding[], indent: string): string {
  if (bindings.length === 0) return "{ }";
  return `{\n${printBindings(bindings, `${indent}  `)}${indent}}`;
}

function printBindings(bindings: readonly Binding[], indent: string): string {
  const inherited = bindings.filter(isInherited);
  const head = inherited.length === 0 ? "" : `${indent}inherit ${inherited.map(({ name }) => name).join(" ")};\n`;
  const others = bindings.filter((binding) => !isInherited(binding));
  const lines = others
    .map((binding, i) => {
      const names = typeof binding.name === "string" ? [binding.name] : binding.name;
      const name = names.map(attributeName).join(".");
      const short = print(binding.value, indent);
      const fits = short.includes("\n") || [...`${name} = ${short};`].length <= room(binding, name, indent);
      const value = fits ? ` ${short}` : printBroken(binding.value, indent);
      return `${remarksAbove(binding, indent, i === 0)}${indent}${name} =${value};${beside(binding)}\n`;
    })
    .join("");
  return head + lines;
}

/** True for `x = x`, which is written `inherit x`, all such names of a set in one line. */
function isInherited({ name, value }: Binding): boolean {
  const isReference = typeof value === "object" && value !== null && "nix" in value && value.nix === "reference";
  return isReference && value.name === name;
}

/** What a module file holds besides its bindings. */
export interface NixModule {
  /** Lines of the comment at its head. */
  readonly header: readonly string[];
  /** Arguments the module uses; none makes a plain set. */
  readonly args: readonly string[];
  /** Names for use in the body. */
  readonly let?: readonly Binding[] | undefined;
  readonly body: readonly Binding[];
}

const names = /^[a-zA-Z_][a-zA-Z0-9_'-]*(?:\.[a-zA-Z_][a-zA-Z0-9_'-]*)*$/;

function checkedName(name: string): string {
  if (!names.test(name)) throw new TypeError(`${name} is no Nix name`);
  return name;
}

/** Up to three arguments, `...` among them, stand in one line; more one a line (nixfmt). */
function parameters(args: readonly string[]): string {
  if (args.length === 0) return "";
  const all = [...args.map(checkedName), "..."];
  return all.length <= 3
    ? `{ ${all.join(", ")} }:\n`
    : `{\n${all.map((a) => `  ${a}${a === "..." ? "" : ","}\n`).join("")}}:\n`;
}

/** The Nix language: literals, values and whole modules. */
export const nix = {
  name: "nix",
  quote: (value: string): Fragment<"nix"> => new Fragment("nix", quoted(value)),
  comment: (text: string): Fragment<"nix"> => new Fragment("nix", commentText(text)),
  /** Any value as an expression. */
  value: (value: NixValue): Fragment<"nix"> => new Fragment("nix", print(value, "")),
  set: (bindings: readonly Binding[]): NixNode => ({ nix: "set", bindings }),
  list: (items: readonly Item[]): NixNode => ({ nix: "list", items }),
  /** A name that stands for a value, such as `lib.mkDefault`; never data. */
  reference: (name: string): Reference => ({ nix: "reference", name: checkedName(name) }),
  /** An attribute of a set by a path that is data: `config.users.users."odd name".home`. */
  select: (from: string, path: readonly string[]): NixNode => ({ nix: "select", from: checkedName(from), path }),
  /** The same, with what to take where there is no such attribute. */
  selectOr: (from: string, path: readonly string[], or: NixValue): NixNode => ({
    nix: "select",
    from: checkedName(from),
    path,
    or,
  }),
  equal: (left: NixValue, right: NixValue): NixNode => ({ nix: "equal", left, right }),
  call: (name: string, ...args: readonly NixValue[]): NixNode => ({ nix: "call", name: checkedName(name), args }),
  /** A function of named parameters: `what: where: { … }`; the body refers to them by `reference`. */
  lambda: (parameters: readonly string[], body: NixValue): NixNode => ({
    nix: "lambda",
    parameters: parameters.map(checkedName),
    body,
  }),
  /** A path as seen from the file itself; `below` names a variable that holds the rest of it. */
  path: (path: string, below?: Reference): NixNode => ({
    nix: "path",
    path,
    ...(below === undefined ? {} : { below }),
  }),
  /** A string of data and references: `"${pkgs.findutils}/bin/find"`. */
  text: (...parts: readonly (string | Reference)[]): NixNode => ({ nix: "text", parts }),
  /** Text of several lines as an indented string; one of its lines must not be indented. */
  script: (text: Fragment<"shell">): NixNode => ({ nix: "script", text: text.text }),
  /** A module file: header comment, arguments, bindings. */
  module({ header, args, let: local = [], body }: NixModule): string {
    const head = header.map((line) => `${commentText(line)}\n`).join("");
    const set = print({ nix: "set", bindings: body }, "");
    const names = local.length === 0 ? "" : `let\n${printBindings(local, "  ")}in\n`;
    return `${head}${parameters(args)}${names}${set}\n`;
  },
} as const satisfies Language<"nix"> & Record<string, unknown>;
