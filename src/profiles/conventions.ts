import type { Class, Need } from "../plan/vocabulary.ts";
import { classDefaults } from "../plan/vocabulary.ts";
import type { Scope } from "./path-index.ts";

/** What is usual for a path that no profile knows: never more than a suggestion. */
export interface Suggestion {
  readonly class: Class;
  readonly need: Need;
  /** The path that the rule is about: this one, or one around it. */
  readonly matched: string;
  /** How sure it is, and why. */
  readonly why: string;
}

interface Rule {
  readonly scope: Scope;
  /** Where it holds; empty for everywhere. */
  readonly folder: string;
  /** Matches the beginning of a path; what it matches is the path that the rule is about. */
  readonly beginning: RegExp;
  readonly class: Class;
  readonly need: Need;
  readonly why: string;
}

type Sure = "sure" | "likely" | "a guess";

/** Names that Electron and Chromium give to what they make again (chromium: content/browser, net/disk_cache). */
const electron =
  "(?:Cache|Code Cache|GPUCache|DawnCache|DawnGraphiteCache|DawnWebGPUCache|GrShaderCache|GraphiteDawnCache|ShaderCache|CachedData|component_crx_cache)";
const secretName =
  "(?:[^/]*\\.(?:pem|key|p12|pfx|jks|kdbx|ovpn)|id_(?:rsa|dsa|ecdsa|ed25519)|[^/]*(?<![a-z])(?:credentials?|secrets?|tokens?|passwords?)(?![a-z])[^/]*|\\.netrc|\\.pgpass)";
const rebuilt =
  "(?:node_modules|__pycache__|\\.venv|\\.tox|\\.nox|\\.mypy_cache|\\.pytest_cache|\\.ruff_cache|\\.direnv)";

/**
 * Conventions, the first that fits decides: secrets first, then what is worth less inside of what is worth more. Nothing
 * is called a cache that may be the only copy: only names that programs use for nothing else, and places that a
 * standard reserves for what can be made again.
 */
const rules: readonly Rule[] = [
  home("", `(?!\\.cache/).*?(?:^|/)${secretName}(?=/|$)`, "secret", "likely", "its name says that it holds a secret"),
  home(".var/app", "[^/]+/cache(?=/|$)", "cache", "likely", "Flatpak: XDG_CACHE_HOME of the application"),
  home(".config", `[^/]+/(?:.*?/)?${electron}(?=/|$)`, "cache", "likely", "Electron and Chromium make it again"),
  home(
    ".var/app",
    `[^/]+/config/[^/]+/(?:.*?/)?${electron}(?=/|$)`,
    "cache",
    "likely",
    "Electron and Chromium make it again",
  ),
  home(
    ".config",
    "[^/]+/(?:.*?/)?Service Worker/(?:CacheStorage|ScriptCache)(?=/|$)",
    "cache",
    "likely",
    "offline copies of web pages",
  ),
  home(".config", "[^/]+/(?:.*?/)?(?:Crashpad|Crash Reports)(?=/|$)", "log", "likely", "reports of crashes", "none"),
  home(".config", "[^/]+/logs(?=/|$)", "log", "likely", "by its name"),
  home(".cache", "[^/]+", "cache", "likely", "XDG base directories: what is here is not essential"),
  home("", `(?:.*?/)?${rebuilt}(?=/|$)`, "cache", "likely", "tools make it again from the files around it"),
  home(".var/app", "[^/]+", "state", "likely", "Flatpak: all that the sandbox of the application keeps"),
  home("snap", "[^/]+", "state", "likely", "Snap: all that the application keeps"),
  home(".config", "systemd/user(?=/|$)", "config", "likely", "systemd: units of the user"),
  home(
    ".config",
    "[^/]+",
    "config",
    "a guess",
    "XDG base directories: settings; some programs keep logins and state here as well",
  ),
  home(
    ".local/share",
    "[^/]+",
    "state",
    "a guess",
    "XDG base directories: data of programs, which may be all there is of it",
  ),
  home(
    ".local/state",
    "[^/]+",
    "state",
    "likely",
    "XDG base directories: histories, logs and what else programs remember",
  ),
  home("", "[^./][^/]*", "data", "a guess", "a folder or file of a person's own"),
  home(
    "",
    "\\.(?!(?:config|local|cache|var)(?:/|$))[^/]+",
    "state",
    "a guess",
    "a program that keeps its files beside the XDG base directories",
  ),
  system("", "(?:tmp|run|dev|proc|sys)(?=/|$)", "cache", "sure", "it is empty after each boot anyway"),
  system("/var/cache", "[^/]+", "cache", "likely", "file-hierarchy(7): it can be made again"),
  system("/var/log", "[^/]+", "log", "likely", "file-hierarchy(7): logs"),
  system("/var/tmp", "[^/]+", "state", "a guess", "file-hierarchy(7): kept across reboots, for a while", "optional"),
  system("/var/lib/private", "[^/]+", "state", "likely", "StateDirectory= of a service with DynamicUser="),
  system("/var/lib", "[^/]+", "state", "likely", "file-hierarchy(7): what a service remembers; StateDirectory="),
  system("/var", "(?:spool|mail)/[^/]+", "data", "likely", "file-hierarchy(7): what waits for somebody, such as mail"),
  system("/var", "(?:www|games|opt|local)/[^/]+", "data", "a guess", "a place for a machine's own data"),
  system("", "(?:srv|mnt|media|data)/[^/]+", "data", "a guess", "a place for a machine's own data"),
  system("", `(?:etc|root)/(?:.*/)?${secretName}(?=/|$)`, "secret", "likely", "its name says that it holds a secret"),
  system("/root/.cache", "[^/]+", "cache", "likely", "XDG base directories: what is here is not essential"),
  system("/root", "[^/]+", "state", "a guess", "root's own"),
  system(
    "/etc",
    "[^/]+",
    "config",
    "a guess",
    "settings of the machine, which NixOS declares and a package brings along",
  ),
  system(
    "",
    "(?:opt|usr/local)/[^/]+",
    "state",
    "a guess",
    "installed by hand: nothing else knows how to get it again",
  ),
];

type RuleText = [folder: string, rest: string, entryClass: Class, sure: Sure, why: string, need?: Need];

function home(...text: RuleText): Rule {
  return rule("home", ...text);
}

function system(...text: RuleText): Rule {
  return rule("system", ...text);
}

/** `rest`: what follows the folder, without the slash between. */
function rule(scope: Scope, ...[folder, rest, entryClass, sure, why, need]: RuleText): Rule {
  const before = scope === "home" && folder === "" ? "" : `${folder.replaceAll(".", "\\.")}/`;
  return {
    scope,
    folder,
    beginning: new RegExp(`^${before}${rest}`, "isu"),
    class: entryClass,
    need: need ?? classDefaults[entryClass].need,
    why: `${sure}: ${why}`,
  };
}

/** The rules that may fit a path, by what it begins with: most are about another folder. */
const byTop = { home: new Map<string, readonly Rule[]>(), system: new Map<string, readonly Rule[]>() };

function rulesFor(scope: Scope, path: string): readonly Rule[] {
  const end = path.indexOf("/", 1);
  const top = end === -1 ? path : path.slice(0, end);
  const known = byTop[scope].get(top);
  if (known !== undefined) return known;
  const fitting = rules.filter(
    ({ scope: of, folder }) => of === scope && (folder === "" || `${folder}/`.startsWith(`${top}/`)),
  );
  byTop[scope].set(top, fitting);
  return fitting;
}

/** What is usual for a path (of a home: relative to it); undefined where nobody can say. */
export function suggest(scope: Scope, path: string): Suggestion | undefined {
  for (const rule of rulesFor(scope, path)) {
    const matched = rule.beginning.exec(path)?.[0];
    if (matched !== undefined) return { class: rule.class, need: rule.need, matched, why: rule.why };
  }
  return undefined;
}
