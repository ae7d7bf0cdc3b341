/**
 * The resolution of design, section 3, once more: from its sentences alone, without an index, without folding, without
 * anything of src/. Slow and plain on purpose.
 */
import type { ModelEntry, ModelHost, ModelManifest, ModelProfile, ModelStore } from "../../support/model.ts";
import { atLeast, covers, depth, type OracleRule, ruleOf, type Said, same, stronger } from "./oracle-rules.ts";

export interface OracleFate {
  readonly fate: string;
  readonly stored: string | null;
  readonly how: string | null;
  readonly backup: boolean;
  readonly rule: OracleRule | null;
}

export class Oracle {
  readonly rules: readonly OracleRule[];
  /** Codes of what must be refused. */
  readonly errors = new Set<string>();
  readonly #model: ModelManifest;
  readonly #host: ModelHost;
  #known: readonly OracleRule[] | undefined;

  constructor(model: ModelManifest, host: string) {
    const found = model.hosts[host];
    if (found === undefined) throw new RangeError(host);
    this.#model = model;
    this.#host = found;
    this.rules = this.#everything(host);
    this.#refuse();
  }

  fateOf(path: string): OracleFate {
    const rule = this.deciding(path);
    if (rule === null) return { fate: "undecided", stored: null, how: null, backup: false, rule };
    const fate = this.dispositionOf(rule);
    const place = fate === "persist" ? this.placeOf(rule) : { stored: null, how: null };
    const stored = place.stored === null ? null : place.stored + path.slice(rule.live.length);
    return { fate, stored, how: place.how, backup: this.isBackedUp(rule), rule };
  }

  /** The deepest entry that covers a path; then literal before pattern, manifest before profile. */
  deciding(path: string): OracleRule | null {
    const covering = this.#ones.filter((rule) => covers(rule, path));
    return covering.sort((a, b) => stronger(b, a))[0] ?? null;
  }

  /**
   * True where two flavours of one profile, both in use, say of one path what is as strong and still differs. Which of them it
   * is must not depend on the order of the manifest; the design says no more.
   */
  get isOpen(): boolean {
    return this.rules.some((a) =>
      this.rules.some((b) => {
        const isTie = a !== b && a.live === b.live && a.profile !== null && a.profile === b.profile;
        return isTie && a.class === b.class && a.need === b.need && a.store === b.store && !same(a.entry, b.entry);
      }),
    );
  }

  dispositionOf({ need, entry }: OracleRule): string {
    if (need === "none") return "discard";
    if (entry.carry !== undefined && entry.carry !== false) return "carry";
    if (entry.fetch !== undefined) return "fetch";
    return atLeast(need, this.#host.keep ?? "optional") ? "persist" : "discard";
  }

  isBackedUp(rule: OracleRule): boolean {
    const { backup } = this.#host;
    if (backup === undefined || !atLeast(rule.need, backup.need ?? "optional")) return false;
    if (rule.class === "log" || rule.class === "cache") return false;
    if (rule.class === "secret" && backup.engine === "tar" && backup.encrypt === undefined) return false;
    const fate = this.dispositionOf(rule);
    if (fate === "carry") return rule.entry.backup === true;
    return fate === "persist" && rule.entry.backup !== false && this.#isStoreBackedUp(rule.store);
  }

  /** Where a persisted rule lies, and how it appears; null where it stays in place. */
  placeOf(rule: OracleRule): { stored: string | null; how: string | null } {
    const outer = this.#relocatedAround(rule);
    if (outer !== null) {
      const place = this.placeOf(outer);
      return { stored: place.stored + rule.live.slice(outer.live.length), how: place.how };
    }
    const how = this.#howOf(rule);
    const stored = how === null ? null : this.#storedIn(rule.store, rule);
    return stored === null ? { stored: null, how: null } : { stored, how };
  }

  #relocatedAround(rule: OracleRule): OracleRule | null {
    const around = [...this.#ones]
      .filter((other) => other.kind === "directory" && rule.live.startsWith(`${other.live}/`))
      .filter((other) => this.dispositionOf(other) === "persist" && this.placeOf(other).stored !== null);
    return around.sort((a, b) => b.live.length - a.live.length)[0] ?? null;
  }

  #howOf({ entry, user, kind, live }: OracleRule): string | null {
    if (entry.how === "none") return null;
    const { nixos, fedora } = this.#host;
    if (this.#host.os === "nixos") {
      if (nixos?.relocate === "wiped" && entry.how === undefined && this.wipedMount(live) === null) return null;
      return entry.how ?? (user !== null && nixos?.home === "standalone" ? "symlink" : "bind");
    }
    if (user === null) return entry.how === "bind" ? "bind" : null;
    if (kind === "file") return entry.how ?? null;
    const link = fedora?.link ?? "symlink";
    return entry.how ?? (link === "none" ? null : link);
  }

  /** The rules that decide their own path: one a path. */
  get #ones(): readonly OracleRule[] {
    this.#known ??= this.rules.filter((rule) =>
      this.rules.every((other) => other.live !== rule.live || stronger(other, rule) <= 0),
    );
    return this.#known;
  }

  // -- stores and file systems ---------------------------------------------------------------------------------------

  get #stores(): Record<string, Exclude<ModelStore, string>> {
    const full = (store: ModelStore): Exclude<ModelStore, string> =>
      typeof store === "string" ? { path: store } : store;
    const general = Object.entries(this.#model.stores ?? { persist: "/persist" }).map(
      ([n, s]) => [n, full(s)] as const,
    );
    const own = Object.entries(this.#host.stores ?? {}).map(([n, s]) => [n, full(s)] as const);
    const backups = Object.fromEntries(general.map(([name, store]) => [name, store.backup ?? true]));
    const all = new Map([...general, ...own]);
    return Object.fromEntries(
      [...all].map(([name, store]) => [name, { ...store, backup: store.backup ?? backups[name] ?? true }]),
    );
  }

  #isStoreBackedUp(name: string): boolean {
    return this.#stores[name]?.backup === true;
  }

  homeOf(user: string): string {
    return this.#model.users[user]?.home ?? `/home/${user}`;
  }

  #storedIn(name: string, { user, live }: OracleRule): string | null {
    const path = this.#stores[name]?.path ?? "";
    if (!path.startsWith("~/")) return path + live;
    return user === null ? null : `${this.homeOf(user)}/${path.slice(2)}${live.slice(this.homeOf(user).length)}`;
  }

  /** The wiped mount point that a path lies on, if the innermost one around it is wiped. */
  wipedMount(path: string): string | null {
    if (this.#host.os !== "nixos") return null;
    const wiped = (this.#host.nixos?.wipe ?? []).map((wipe) => wipe.path);
    const stores = Object.values(this.#stores).filter((store) => !store.path.startsWith("~/"));
    const outermost = (path: string): string =>
      stores.map((s) => s.mount ?? s.path).find((other) => path.startsWith(`${other}/`)) ?? path;
    const mounts = [...wiped, ...(this.#host.nixos?.mounts ?? []), ...stores.map((s) => s.mount ?? outermost(s.path))];
    const around = mounts.filter((mount) => mount === "/" || path === mount || path.startsWith(`${mount}/`));
    const innermost = around.sort((a, b) => depth(b) - depth(a))[0];
    return innermost !== undefined && wiped.includes(innermost) ? innermost : null;
  }

  // -- what applies ----------------------------------------------------------------------------------------------------

  get users(): string[] {
    return [...(this.#host.users ?? Object.keys(this.#model.users))];
  }

  #everything(host: string): OracleRule[] {
    const applies = (on?: readonly string[]): boolean =>
      on === undefined || on.includes(host) || on.includes(this.#host.os);
    const expand = (entry: ModelEntry, users: readonly string[] | undefined, more: Said): OracleRule[] => {
      if (entry.path.startsWith("/")) return [ruleOf(entry, "", null, more)];
      return this.users
        .filter((user) => users === undefined || users.includes(user))
        .map((user) => ruleOf(entry, `${this.homeOf(user)}/`, user, more));
    };
    const written = (["system", "home"] as const).flatMap((list) =>
      this.#model[list].flatMap((entry, index) => {
        const more: Said = { said: { list, index }, profile: null, store: entry.store ?? "persist" };
        return applies(entry.on) ? expand(entry, entry.users, more) : [];
      }),
    );
    const known = this.#model.profiles.flatMap((reference, index) => {
      const profile = this.#model.local.find(({ name }) => name === reference.name) as ModelProfile;
      const paths =
        reference.flavour === undefined ? profile.paths : (profile.flavours?.[reference.flavour]?.paths ?? []);
      const said = { list: "profiles", index } as const;
      const more: Said = { said, profile: profile.name, store: reference.store ?? "persist" };
      return applies(reference.on) ? paths.flatMap((entry) => expand(entry, reference.users, more)) : [];
    });
    return [...written, ...known];
  }

  // -- what must be refused ----------------------------------------------------------------------------------------------

  #refuse(): void {
    for (const a of this.rules) {
      for (const b of this.rules) {
        if (a.live === b.live && this.#contradict(a, b)) this.errors.add("plan/contradiction");
      }
    }
    if (this.#model.home.some((entry) => this.#isKnownOtherwise(entry))) this.errors.add("manifest/kind");
    for (const rule of this.#ones) {
      if (this.dispositionOf(rule) === "persist") this.#refuseKept(rule);
      else if (this.dispositionOf(rule) === "discard") this.#refuseAgeing(rule);
    }
  }

  /** What one says and the other leaves open is a contradiction only where the default is something else. */
  #contradict(a: OracleRule, b: OracleRule): boolean {
    if (a.profile !== b.profile) return false;
    const kept = (rule: OracleRule): boolean => this.dispositionOf(rule) === "persist";
    if (a.profile !== null) {
      // What the manifest itself says of the path decides, whatever its profiles ask for.
      if (this.rules.some((rule) => rule.profile === null && rule.live === a.live)) return false;
      const store = (rule: OracleRule): string | null => (kept(rule) ? rule.store : null);
      return store(a) !== store(b);
    }
    if (a.kind !== b.kind || a.class !== b.class || a.need !== b.need) return true;
    const [ea, eb] = [a.entry, b.entry];
    const differ = (one: unknown, other: unknown, x: unknown, y: unknown): boolean =>
      one !== undefined && other !== undefined ? !same(one, other) : !same(x, y);
    const fate = (rule: OracleRule): string => this.dispositionOf(rule);
    const age = (rule: OracleRule): string => {
      const passing = fate(rule) === "discard" ? ["log", "cache"] : fate(rule) === "persist" ? ["log"] : [];
      return rule.entry.expire ?? (passing.includes(rule.class) ? "30d" : "never");
    };
    return (
      fate(a) !== fate(b) ||
      differ(ea.carry, eb.carry, fate(a) === "carry" && ea.carry, fate(b) === "carry" && eb.carry) ||
      differ(ea.fetch, eb.fetch, fate(a) === "fetch" && ea.fetch, fate(b) === "fetch" && eb.fetch) ||
      differ(ea.store, eb.store, kept(a) && a.store, kept(b) && b.store) ||
      differ(ea.how, eb.how, kept(a) && (ea.how ?? null), kept(b) && (eb.how ?? null)) ||
      differ(ea.backup, eb.backup, this.isBackedUp(a), this.isBackedUp(b)) ||
      !same(age(a), age(b))
    );
  }

  /** A known path written the wrong way: the first profile that names it knows. */
  #isKnownOtherwise({ path }: ModelEntry): boolean {
    const named = this.#model.local.filter(({ name }) => this.#model.profiles.some((p) => p.name === name));
    const paths = named.flatMap((profile) => [
      ...profile.paths,
      ...Object.values(profile.flavours ?? {}).flatMap((flavour) => flavour.paths),
    ]);
    const known = paths.find((entry) => entry.path.replace(/\/$/, "") === path.replace(/\/$/, ""));
    return known !== undefined && known.path !== path;
  }

  #refuseKept(rule: OracleRule): void {
    const outer = this.#relocatedAround(rule);
    if (outer !== null) {
      if (rule.store !== outer.store) this.errors.add("plan/nested-store");
      return;
    }
    if (rule.entry.how === "none" && this.wipedMount(rule.live) !== null) this.errors.add("plan/in-place-on-wiped");
    if (this.#howOf(rule) === null) return;
    const stored = this.#storedIn(rule.store, rule);
    if (stored === null) this.errors.add("plan/system-in-home-store");
    else if (this.wipedMount(stored) !== null) this.errors.add("store/on-wiped");
  }

  /** A store must not lie where things age out. */
  #refuseAgeing(rule: OracleRule): void {
    if (rule.user === null || rule.entry.expire === "never") return;
    if (rule.entry.expire === undefined && rule.class !== "cache" && rule.class !== "log") return;
    const inHome = Object.values(this.#stores).filter((store) => store.path.startsWith("~/"));
    const folders = inHome.map((store) => `${this.homeOf(rule.user ?? "")}/${store.path.slice(2)}`);
    if (folders.some((folder) => covers(rule, folder))) this.errors.add("special/store-ages");
  }
}
