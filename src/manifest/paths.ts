import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Span } from "../diagnostics/span.ts";
import { type AbsolutePath, noncharacterIn, type PathProblem, parseHomePath, parseSystemPath } from "../plan/path.ts";
import { impossiblePlace } from "../plan/special-paths.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import type { HomePath } from "./manifest.ts";

interface Explanation {
  readonly detail: string;
  readonly help?: string;
}

const explanations: Readonly<Record<PathProblem, Explanation>> = {
  empty: {
    detail: "this names no path",
    help: "name what is inside it; a whole home or root is never an entry",
  },
  "dot-component": {
    detail: "`.` and `..` are not allowed in a path",
    help: "write the path it leads to",
  },
  "empty-component": { detail: "there is an empty component (`//`)", help: "write single slashes" },
  "control-character": {
    detail: "control characters (newline, tab, NUL) are not allowed in a path",
    help: "no mount unit or tmpfiles.d line can carry them; rename the file, or keep the folder around it",
  },
  "lone-surrogate": {
    detail: "this is not valid Unicode: half of a surrogate pair stands alone",
    help: "write the character itself, or `\\U0001F600` for one beyond `\\uFFFF`",
  },
  noncharacter: {
    detail: "is no character: systemd drops lines that hold it",
    help: "rename the file, or keep the folder around it",
  },
  "trailing-backslash": {
    detail: "a path must not end with a backslash",
    help: "systemd would join the next line to it; keep the folder around it",
  },
  "too-long": {
    detail: "a component has more than 255 bytes, which no Linux file system takes",
    help: "check for a missing `/`",
  },
  "too-long-in-all": {
    detail: "the path has more than 4095 bytes, which no program can open",
    help: "keep a folder around it",
  },
  "brace-list": {
    detail: "brace lists are a shell's shorthand and are not expanded here",
    help: "list the paths one by one: `path: [.ssh/, .aws/]`",
  },
  "unknown-variable": {
    detail: "only `~`, $HOME and the XDG base directories (XDG_CONFIG_HOME, _DATA_, _STATE_, _CACHE_) are known here",
    help: "write the path relative to the home",
  },
  "not-relative": {
    detail: "an entry of `home` is relative to each user's home",
    help: "write it without the home in front, or list it under `system` if it is outside every home",
  },
  "not-absolute": {
    detail: "an entry of `system` is an absolute path",
    help: "begin it with `/`, or list it under `home` if it is in a home",
  },
};

/** The diagnostic for a path that cannot be read. */
export function pathFault(path: string, problem: PathProblem, span: Span): Diagnostic {
  const { detail: general, help } = explanations[problem];
  const detail = problem === "noncharacter" ? `${noncharacterIn(path)} ${general}` : general;
  return say["manifest/path"]({ path, detail, help }, span);
}

/** An absolute path of a host's or user's setting (a home, a mount point); a trailing slash is dropped. */
export function absolutePath(text: string, span: Span, faults: Diagnostic[]): AbsolutePath | undefined {
  const parsed = parseSystemPath(text);
  if ("problem" in parsed) {
    const { detail, help } =
      parsed.problem === "not-absolute"
        ? { detail: "this must be an absolute path", help: "begin it with `/`" }
        : explanations[parsed.problem];
    faults.push(say["manifest/path"]({ path: text, detail, help }, span));
    return undefined;
  }
  if (!parsed.ok.pattern) return parsed.ok.path;
  const detail = "patterns are not allowed here";
  faults.push(say["manifest/path"]({ path: text, detail, help: "write one path, without `*` and `?`" }, span));
  return undefined;
}

/** A user's home: a folder of its own, on a file system that can hold one. */
export function homePath(text: string, span: Span, faults: Diagnostic[]): AbsolutePath | undefined {
  const path = absolutePath(text, span, faults);
  const impossible = path === undefined ? undefined : impossiblePlace(path);
  if (path !== "/" && impossible === undefined) return path;
  const detail =
    impossible === undefined
      ? "a home is a folder of its own, not the whole system"
      : `a home cannot lie in \`${impossible.place}\`: ${impossible.why}`;
  faults.push(say["manifest/path"]({ path: text, detail, help: "for example /home/mitsio" }, span));
  return undefined;
}

/** A store's path: absolute, or below each user's home when it begins with `~/`. */
export function storePath(text: string, span: Span, faults: Diagnostic[]): AbsolutePath | HomePath | undefined {
  if (text.startsWith("/")) {
    if (text !== "/") return absolutePath(text, span, faults);
    faults.push(
      say["manifest/path"](
        { path: text, detail: "a store is a folder of its own, not the whole system", help: "for example /persist" },
        span,
      ),
    );
    return undefined;
  }
  const parsed = parseHomePath(text);
  const inHome = /^(?:~|\$HOME|\$\{HOME\}|\$\{?XDG_)/.test(text);
  if ("ok" in parsed && inHome && !parsed.ok.pattern) return { below: "home", path: parsed.ok.path };
  const detail =
    "problem" in parsed && parsed.problem !== "empty"
      ? explanations[parsed.problem].detail
      : "a store's path is absolute, or begins with `~/`";
  faults.push(say["manifest/path"]({ path: text, detail, help: "for example /persist or ~/.persist" }, span));
  return undefined;
}
