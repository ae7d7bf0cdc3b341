import type { Edit, NewEntry } from "../manifest/edit.ts";
import { writtenYaml } from "../manifest/written-yaml.ts";
import { classDefaults } from "../plan/vocabulary.ts";
import { shownPath } from "../scan/names.ts";
import type { Proposal } from "../trace/sort-out.ts";

/**
 * What proposals would add to a manifest, the reason beside each: profiles where the catalogue has the path, else entries. A
 * folder of a person's own is an entry of its own: a profile of such folders would keep all of them.
 */
export function editsFor(proposals: readonly Proposal[]): Edit[] {
  const profiled = proposals.filter(isProfiled);
  const keys = [...new Set(profiled.map(profileKey))];
  return [
    ...keys.map((key) => profileEdit(profiled.filter((one) => profileKey(one) === key))),
    ...proposals
      .filter((one) => !isProfiled(one))
      .map((one): Edit => ({ add: "entry", scope: one.scope, entry: entryOf(one), comment: one.why })),
  ];
}

function isProfiled({ profile, scope, path, class: entryClass }: Proposal): boolean {
  return profile !== null && !(scope === "home" && entryClass === "data" && !path.startsWith("."));
}

function profileKey({ profile, flavour }: Proposal): string {
  return `${profile} ${flavour ?? ""}`;
}

/** A profile, and which of its paths were written. */
function profileEdit(proposals: readonly Proposal[]): Edit {
  const { profile, flavour } = proposals[0] ?? { profile: null, flavour: null };
  const paths = proposals.map(({ scope, path, kind }) => {
    return `${scope === "home" ? "~/" : ""}${shownPath(path)}${kind === "directory" ? "/" : ""}`;
  });
  return {
    add: "profile",
    profile: { name: profile ?? "", ...(flavour === null ? {} : { flavour }) },
    comment: paths.join(", "),
  };
}

/** No more than differs from what the class says. */
function entryOf({ path, kind, class: entryClass, need, writes, database }: Proposal): NewEntry {
  return {
    path: `${path}${kind === "directory" ? "/" : ""}`,
    ...(entryClass === "state" ? {} : { class: entryClass }),
    ...(need === classDefaults[entryClass].need ? {} : { need }),
    ...(writes === null ? {} : { writes }),
    ...(database ? { database } : {}),
  };
}

/** The edits as lines to paste into a manifest. */
export function editLines(edits: readonly Edit[]): string {
  const lists = (["profiles", "system", "home"] as const).map((list) => {
    const items = edits.filter((edit) => (edit.add === "profile" ? "profiles" : edit.scope) === list);
    const lines = items.map((edit) => `  - ${itemText(edit)} # ${edit.comment?.replaceAll(/\s+/g, " ") ?? ""}\n`);
    return items.length === 0 ? "" : `${list}:\n${lines.join("")}`;
  });
  return lists.join("");
}

/** In the shortest form: a name or path alone, where nothing else is said. */
function itemText(edit: Edit): string {
  if (edit.add === "profile")
    return writtenYaml(edit.profile.flavour === undefined ? edit.profile.name : { ...edit.profile });
  const { path, ...facts } = edit.entry;
  return writtenYaml(Object.keys(facts).length === 0 ? path : { path, ...facts });
}
