import { homedir, userInfo } from "node:os";
import { type AbsolutePath, isWithin } from "../plan/path.ts";
import type { HostPlan } from "../plan/plan.ts";
import { namesOf } from "../trace/disk.ts";
import type { TracedHome } from "../trace/places.ts";

/** The homes of the plan's users, and our own; root's is a place of the system unless root is one of them. */
export function homesOf(plan: HostPlan | null): TracedHome[] {
  const homes = (plan?.host.users ?? []).map(
    ({ name, home }): TracedHome => ({ user: name, home, names: namesOf(home) }),
  );
  const own = homedir() as AbsolutePath;
  if (own === "/" || homes.some(({ names }) => names.some((name) => isWithin(own, name)))) return homes;
  const { username } = userInfo();
  const same = homes.find(({ user }) => user === username);
  if (same === undefined) {
    return plan !== null && own === "/root" ? homes : [...homes, { user: username, home: own, names: namesOf(own) }];
  }
  return homes.map((home) => (home === same ? { ...home, names: [...home.names, ...namesOf(own)] } : home));
}
