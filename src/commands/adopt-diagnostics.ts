import { defineDiagnostics } from "../diagnostics/define.ts";

/** Why a path that was named on the command line is not added. */
export const adoptDiagnostics = defineDiagnostics({
  "adopt/path": {
    severity: "error",
    message: ({ path, why }: { path: string; why: string }) => `\`${path}\` cannot be adopted: ${why}`,
    help: () => "adopt the folder around it, or what it leads to",
  },
});
