import { defineDiagnostics } from "../diagnostics/define.ts";

/** Why something is not added to a manifest. */
export const editDiagnostics = defineDiagnostics({
  "edit/exists": {
    severity: "error",
    message: ({ what }: { what: string }) => `${what} is in the manifest already`,
    label: () => "here",
    help: () => "change this line, or remove it and add it anew",
  },
  "edit/twice": {
    severity: "error",
    message: ({ what }: { what: string }) => `\`${what}\` would be added twice`,
    help: () => "ask for it once",
  },
  "edit/alias": {
    severity: "error",
    message: ({ list }: { list: string }) => `nothing can be added to \`${list}\`: it is an alias of another list`,
    help: ({ list }) => `write the items of \`${list}\` out, or add to the list it stands for by hand`,
  },
  "edit/unsafe": {
    severity: "error",
    message: ({ list }: { list: string; lines: string }) =>
      `nothing can be added to \`${list}\` without changing what else is written here`,
    help: ({ lines }) => `add it by hand: ${lines}`,
  },
});
