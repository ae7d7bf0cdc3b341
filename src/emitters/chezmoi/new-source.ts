import { renderTemplate } from "../../languages/template.ts";

/** The chezmoi that what is generated was tested with; what one file of a new source says is the least. */
const testedVersion = "2.73.0";

/** The files of a new source that are the person's own, by their names below its root: written once, never again. */
export function newSourceFiles(): { readonly name: string; readonly content: string }[] {
  return [
    { name: ".chezmoi.toml.tmpl", content: renderTemplate("new-config.gotmpl.ejs", {}) },
    { name: ".chezmoiversion", content: `${testedVersion}\n` },
  ];
}
