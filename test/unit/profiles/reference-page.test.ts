import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readProfiles } from "../../../src/profiles/build-index.ts";
import type { Profile, ProfileEntry } from "../../../src/profiles/profile.ts";

const page = fileURLToPath(new URL("../../../docs/reference/profiles.md", import.meta.url));

function shown({ scope, path, kind, class: entryClass, need, on }: ProfileEntry): string {
  const place = `${scope === "home" ? "~/" : ""}${path}${kind === "directory" ? "/" : ""}`.replaceAll("|", "\\|");
  const where = on === null ? "" : ` on ${on.join(" and ")}`;
  return `\`${place}\` ${entryClass}${need === "none" ? ", goes" : ""}${where}`;
}

function row({ name, title, paths, flavours }: Profile): string {
  const others = Object.entries(flavours).map(([flavour, { id }]) => (id === null ? flavour : `${flavour} \`${id}\``));
  const cells = [`[${name}](../../profiles/${name}.yaml)`, title.replaceAll("|", "\\|"), paths.map(shown).join("<br>")];
  return `| ${[...cells, others.join("<br>")].join(" | ")} |`;
}

it("is the page of the documentation, which `npm run test:update` writes anew", async () => {
  const { profiles } = readProfiles();
  const text = [
    "# The catalogue",
    "",
    "Generated from `profiles/` (`npm run test:update`). What an application keeps, with class; what goes is made again by itself. A",
    "flavour has paths of its own: `remanence profiles show NAME` has them, notes, needs and where all this is known from.",
    "",
    `${profiles.length} profiles.`,
    "",
    "| profile | application | keeps | flavours |",
    "| --- | --- | --- | --- |",
    ...profiles.map(row),
    "",
  ];
  await expect(text.join("\n")).toMatchFileSnapshot(page);
});
