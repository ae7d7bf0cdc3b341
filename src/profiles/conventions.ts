import type { Class, Need } from "../plan/vocabulary.ts";
import { classDefaults } from "../plan/vocabulary.ts";
import type { Scope } from "./scope.ts";

/** What is usual for a path that no profile knows: never more than a suggestion. */
export interface Suggestion {
  readonly class: Class;
  readonly need: Need;
  /** The path that the rule is about: this one, or one around it. */
  readonly matched: string;
  /** How sure it is, and why. */
  readonly why: string;
  /** Class, need and why as JSON without its first bracket, to follow on other keys. */
  readonly json: string;
}

interface Rule {
  readonly scope: Scope;
  /** Where it holds, with a slash at its end; empty for everywhere in a home. */
  readonly folder: string;
  /** How much of a path, as it goes on below the folder, is the path that the rule is about; empty where it is about another. */
  readonly matched: (below: string) => string;
  readonly class: Class;
  readonly need: Need;
  readonly why: string;
  readonly json: string;
}

type Sure = "sure" | "likely" | "a guess";

/** Names that Electron and Chromium give to what they make again (chromium: content/browser, net/disk_cache). */
const electron =
  "(?:Cache|Code Cache|GPUCache|DawnCache|DawnGraphiteCache|DawnWebGPUCache|GrShaderCache|GraphiteDawnCache|ShaderCache|CachedData|component_crx_cache)";
const secretName =
  "(?:[^/]*\\.(?:pem|key|p12|pfx|jks|kdbx|ovpn)|id_(?:rsa|dsa|ecdsa|ed25519)|[^/]*(?<![a-z])(?:credentials?|secrets?|tokens?|passwords?)(?![a-z])[^/]*|\\.netrc|\\.pgpass)";
const rebuilt =
  "(?:node_modules|__pycache__|\\.venv|\\.tox|\\.nox|\\.mypy_cache|\\.pytest_cache|\\.ruff_cache|\\.direnv)";

const secretComponent = new RegExp(`(?:^|/)${secretName}(?=/|$)`, "is");

/**
 * Conventions, the first that fits decides: secrets first, then what is worth less inside of what is worth more. Nothing
 * is called a cache that may be the only copy: only names that programs use for nothing else, and places that a
 * standard reserves for what can be made again.
 */
const rules: readonly Rule[] = [
  home("", secret, "secret", "likely", "its name says that it holds a secret"),
  home(".var/app", like("[^/]+/cache"), "cache", "likely", "Flatpak: XDG_CACHE_HOME of the application"),
  home(".config", like(`[^/]+/(?:.*?/)?${electron}`), "cache", "likely", "Electron and Chromium make it again"),
  home(
    ".var/app",
    like(`[^/]+/config/[^/]+/(?:.*?/)?${electron}`),
    "cache",
    "likely",
    "Electron and Chromium make it again",
  ),
  home(
    ".config",
    like("[^/]+/(?:.*?/)?Service Worker/(?:CacheStorage|ScriptCache)"),
    "cache",
    "likely",
    "offline copies of web pages",
  ),
  home(".config", like("[^/]+/(?:.*?/)?(?:Crashpad|Crash Reports)"), "log", "likely", "reports of crashes", "none"),
  home(".config", like("[^/]+/logs"), "log", "likely", "by its name"),
  home(".cache", first, "cache", "likely", "XDG base directories: what is here is not essential"),
  home("", like(`(?:.*?/)?${rebuilt}`), "cache", "likely", "tools make it again from the files around it"),
  home(".var/app", first, "state", "likely", "Flatpak: all that the sandbox of the application keeps"),
  home("snap", first, "state", "likely", "Snap: all that the application keeps"),
  home(".config", like("systemd/user"), "config", "likely", "systemd: units of the user"),
  home(
    ".config",
    first,
    "config",
    "a guess",
    "XDG base directories: settings; some programs keep logins and state here as well",
  ),
  home(
    ".local/share",
    first,
    "state",
    "a guess",
    "XDG base directories: data of programs, which may be all there is of it",
  ),
  home(
    ".local/state",
    first,
    "state",
    "likely",
    "XDG base directories: histories, logs and what else programs remember",
  ),
  home("", visible, "data", "a guess", "a folder or file of a person's own"),
  home("", hidden, "state", "a guess", "a program that keeps its files beside the XDG base directories"),
  system("", like("(?:tmp|run|dev|proc|sys)"), "cache", "sure", "it is empty after each boot anyway"),
  system("/var/cache", first, "cache", "likely", "file-hierarchy(7): it can be made again"),
  system("/var/log", first, "log", "likely", "file-hierarchy(7): logs"),
  system("/var/tmp", first, "state", "a guess", "file-hierarchy(7): kept across reboots, for a while", "optional"),
  system("/var/lib/private", first, "state", "likely", "StateDirectory= of a service with DynamicUser="),
  system("/var/lib", first, "state", "likely", "file-hierarchy(7): what a service remembers; StateDirectory="),
  system(
    "/var",
    like("(?:spool|mail)/[^/]+"),
    "data",
    "likely",
    "file-hierarchy(7): what waits for somebody, such as mail",
  ),
  system("/var", like("(?:www|games|opt|local)/[^/]+"), "data", "a guess", "a place for a machine's own data"),
  system("", like("(?:srv|mnt|media|data)/[^/]+"), "data", "a guess", "a place for a machine's own data"),
  system("", like(`(?:etc|root)/(?:.*/)?${secretName}`), "secret", "likely", "its name says that it holds a secret"),
  system("/root/.cache", first, "cache", "likely", "XDG base directories: what is here is not essential"),
  system("/root", first, "state", "a guess", "root's own"),
  system(
    "/etc",
    first,
    "config",
    "a guess",
    "settings of the machine, which NixOS declares and a package brings along",
  ),
  system(
    "",
    like("(?:opt|usr/local)/[^/]+"),
    "state",
    "a guess",
    "installed by hand: nothing else knows how to get it again",
  ),
];

type RuleText = [folder: string, matched: Rule["matched"], entryClass: Class, sure: Sure, why: string, need?: Need];

function home(...text: RuleText): Rule {
  return rule("home", ...text);
}

function system(...text: RuleText): Rule {
  return rule("system", ...text);
}

function rule(scope: Scope, ...[folder, matched, entryClass, sure, why, given]: RuleText): Rule {
  const need = given ?? classDefaults[entryClass].need;
  const isHome = scope === "home" && folder === "";
  const said = { class: entryClass, need, why: `${sure}: ${why}` };
  return { scope, folder: isHome ? "" : `${folder}/`, matched, ...said, json: JSON.stringify(said).slice(1) };
}

/** What lies in the folder, one component. */
function first(below: string): string {
  const end = below.indexOf("/");
  return end === -1 ? below : below.slice(0, end);
}

function visible(below: string): string {
  return below.startsWith(".") ? "" : first(below);
}

/** A hidden folder or file of a home that is not one of those with rules of their own. */
function hidden(below: string): string {
  const name = below.startsWith(".") ? first(below) : "";
  return [".config", ".local", ".cache", ".var", "."].includes(name) ? "" : name;
}

/** What a regular expression matches from the beginning to the end of a component, in letters of any case. */
function like(expression: string): Rule["matched"] {
  let regex: RegExp | undefined;
  return (below) => {
    regex ??= new RegExp(`^${expression}(?=/|$)`, "is");
    return regex.exec(below)?.[0] ?? "";
  };
}

/** A component that is called like a secret, wherever; caches are full of such names. */
function secret(below: string): string {
  if (below.startsWith(".cache/")) return "";
  const found = secretComponent.exec(below);
  return found === null ? "" : below.slice(0, found.index + found[0].length);
}

/** The rules that may fit a path, by its first component: most are about another folder. */
const byTop = { home: rulesByTop("home"), system: rulesByTop("system") };
const anywhere = { home: rulesOf("home", ""), system: rulesOf("system", "") };

function rulesByTop(scope: Scope): ReadonlyMap<string, readonly Rule[]> {
  const tops = rules.filter((rule) => rule.scope === scope).map(({ folder }) => topOf(folder));
  return new Map(tops.map((top) => [top, rulesOf(scope, top)]));
}

function rulesOf(scope: Scope, top: string): readonly Rule[] {
  return rules.filter((rule) => rule.scope === scope && ["", "/", top].includes(topOf(rule.folder)));
}

function topOf(path: string): string {
  const end = path.indexOf("/", 1);
  return end === -1 ? path : path.slice(0, end);
}

/** What is usual for a path (of a home: relative to it); undefined where nobody can say. */
export function suggest(scope: Scope, path: string): Suggestion | undefined {
  for (const { folder, matched, class: c, need, why, json } of byTop[scope].get(topOf(path)) ?? anywhere[scope]) {
    if (!path.startsWith(folder)) continue;
    const match = matched(path.slice(folder.length));
    if (match !== "") return { class: c, need, matched: `${folder}${match}`, why, json };
  }
  return undefined;
}
