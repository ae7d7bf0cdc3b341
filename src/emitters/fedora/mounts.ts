import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Fragment } from "../../languages/fragment.ts";
import { shell } from "../../languages/shell.ts";
import { printUnit, unitName } from "../../languages/systemd.ts";
import { chainBetween } from "../../plan/backup-set.ts";
import { type AbsolutePath, isWithin, joinPath, parentOf, relativeTo } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { storeFolder } from "../../plan/stores.ts";
import { generatedFrom } from "../emitter.ts";
import { fedoraDiagnostics as say } from "./diagnostics.ts";

/** Directories that are mounted from their store over their place: by a unit of the system, before anybody logs in. */
export function boundEntries(plan: HostPlan): readonly RelocatedEntry[] {
  return mountedEntries(plan).filter(({ how, kind }) => how === "bind" && kind === "directory");
}

/** What is a link into /var on Fedora Atomic: systemd takes no link in the path of a mount. */
const linksOfAtomic: Readonly<Record<string, string>> = {
  "/home": "/var/home",
  "/mnt": "/var/mnt",
  "/opt": "/var/opt",
  "/root": "/var/roothome",
  "/srv": "/var/srv",
  "/usr/local": "/var/usrlocal",
};

/** A path without the links that a variant of Fedora has. */
export function canonical(host: PlanHost, path: AbsolutePath): AbsolutePath {
  if (host.os !== "fedora" || host.fedora.variant !== "atomic") return path;
  const link = Object.keys(linksOfAtomic).find((name) => isWithin(path, name));
  if (link === undefined) return path;
  const real = linksOfAtomic[link] as AbsolutePath;
  const below = relativeTo(path, link as AbsolutePath);
  return below === undefined ? real : joinPath(real, below);
}

/** The name of the unit of an entry, which follows from its place. */
export function mountUnitName(plan: HostPlan, entry: RelocatedEntry): string {
  return unitName(canonical(plan.host, entry.live), ".mount");
}

/** `bound USER KIND PATH STORED MODE OWNER GROUP UNIT`; who owns what is in a home is no question. */
export function boundLine(plan: HostPlan, entry: RelocatedEntry): Fragment<"shell"> {
  const { host } = plan;
  const user = host.users.find(({ name }) => name === entry.user);
  const stored = (user && relativeTo(entry.stored, user.home)) ?? canonical(host, entry.stored);
  const path = user === undefined ? canonical(host, entry.live) : entry.path;
  const owners = user === undefined ? [entry.owner ?? "-", entry.group ?? "-"] : ["-", "-"];
  const unit = mountUnitName(plan, entry);
  return shell.call("bound", entry.user ?? "-", entry.kind, path, stored, entry.mode ?? "-", ...owners, unit);
}

/** The mount units of a host, by file name. */
export function mountUnitsOf(plan: HostPlan): Readonly<Record<string, string>> {
  return Object.fromEntries(boundEntries(plan).map((entry) => [mountUnitName(plan, entry), mountUnit(plan, entry)]));
}

function mountUnit(plan: HostPlan, entry: RelocatedEntry): string {
  const { host } = plan;
  const what = canonical(host, entry.stored);
  const where = canonical(host, entry.live);
  const whose = entry.user === null ? "" : ` of ${entry.user}`;
  const links = changeable(plan, entry);
  const why = entry.note === null ? [] : [`Why a mount: ${entry.note}`];
  return printUnit(
    [`${host.name}: a unit of the system, which link.sh installs as root.`, generatedFrom(plan), ...why],
    {
      Unit: {
        Description: `${entry.path}${whose}, from its store`,
        Documentation: "man:systemd.mount(5)",
        RequiresMountsFor: mountsFor(plan, entry),
        // A store that is missing mounts nothing, and stops nothing. Nor does a link that somebody put into the way.
        ConditionPathIsDirectory: what,
        ...(links.length === 0 ? {} : { ConditionPathIsSymbolicLink: links }),
        Before: ["systemd-user-sessions.service"],
      },
      Mount: { What: what, Where: where, Type: "none", Options: "bind,x-gvfs-hide" },
      Install: { WantedBy: ["local-fs.target"] },
    },
  );
}

function mountsFor(plan: HostPlan, entry: RelocatedEntry): string[] {
  const { host } = plan;
  const store = host.stores.find(({ name }) => name === entry.store);
  const user = host.users.find(({ name }) => name === entry.user);
  const around = user?.home ?? parentOf(entry.live) ?? entry.live;
  const places = [...(typeof store?.path === "string" ? [store.path] : []), around];
  return [...new Set(places.map((place) => canonical(host, place)))];
}

/** The names on the way to both places that a user can change: a link there would lead the mount elsewhere. */
function changeable(plan: HostPlan, entry: RelocatedEntry): AbsolutePath[] {
  const { host } = plan;
  const store = host.stores.find(({ name }) => name === entry.store);
  const user = host.users.find(({ name }) => name === entry.user);
  if (store === undefined || user === undefined) return [];
  const folder = storeFolder(store, user) ?? user.home;
  const top = isWithin(folder, user.home) ? user.home : folder;
  const paths = [...chainBetween(top, entry.stored), ...chainBetween(user.home, entry.live)];
  return [...new Set(paths)].map((path) => canonical(host, path));
}

/** What cannot be mounted, or has no unit that systemd would read. */
export function mountFaults(plan: HostPlan): Diagnostic[] {
  return mountedEntries(plan)
    .filter(({ how }) => how === "bind")
    .flatMap((entry) => {
      const { path, kind, span } = entry;
      if (kind !== "directory") {
        const instead = "keep its directory, or leave it in its place (`how: none`), where it is backed up";
        return [say["fedora/unsupported"]({ what: `a bind mount of a single file (\`${path}\`)`, instead }, span)];
      }
      const why = unitProblem(plan, entry);
      return why === undefined ? [] : [say["fedora/mount-unit"]({ path, why }, span)];
    });
}

function unitProblem(plan: HostPlan, entry: RelocatedEntry): string | undefined {
  const paths = `${entry.live}/${entry.stored}/`;
  if (paths.includes("\\/")) return "a name ends in a backslash";
  if (/\p{Noncharacter_Code_Point}/u.test(paths)) return "it has a code point that is no character";
  const length = Buffer.byteLength(mountUnitName(plan, entry));
  return length > 255 ? `the name of its unit would have ${length} bytes, and 255 is the limit` : undefined;
}
