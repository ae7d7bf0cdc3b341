import ejs from "ejs";
import { packageText } from "../package-files.ts";
import { Fragment, type Language, type LanguageName } from "./fragment.ts";
import { goTemplate } from "./go-template.ts";
import { html } from "./html.ts";

/**
 * EJS, for text whose skeleton is fixed. The one door to it: every value goes through the quoting of the template's
 * own language, which the file name says (`ignore.gotmpl.ejs`), so nobody can choose a wrong one or none.
 */
const languages: Readonly<Record<string, { readonly language: Language<LanguageName>; readonly folder: string }>> = {
  gotmpl: { language: goTemplate, folder: "chezmoi-templates" },
  html: { language: html, folder: "src/report/templates" },
  svg: { language: html, folder: "src/report/templates" },
};

type Template = (data: object, put: (value: unknown) => string) => string;
const compiled = new Map<string, Template>();

/**
 * Renders a template, out of the folder that its language has for them. `<%= x %>` puts a string as a literal of that
 * language, and a fragment of it as it is; a fragment of another language, undefined and null throw. `<%-` is refused.
 */
export function renderTemplate(name: string, data: object): string {
  const extension = /\.([a-z]+)\.ejs$/.exec(name)?.[1] ?? "";
  const known = Object.hasOwn(languages, extension) ? languages[extension] : undefined;
  if (known === undefined) throw new TypeError(`${name}: templates of this kind are unknown`);
  const { language, folder } = known;
  const template = compiled.get(name) ?? compile(name, folder);
  compiled.set(name, template);
  return template(data, (value) => literal(value, language, name));
}

function compile(name: string, folder: string): Template {
  const text = packageText(`${folder}/${name}`);
  if (text.includes("<%-")) throw new TypeError(`${name}: <%- puts text out unquoted and is not allowed`);
  return (data, put) =>
    ejs.render(text, data, { strict: true, _with: false, localsName: "data", filename: name, escape: put }) as string;
}

function literal(value: unknown, language: Language<LanguageName>, name: string): string {
  if (value instanceof Fragment) {
    if (value.language === language.name) return value.text;
    throw new TypeError(`${name}: a ${value.language} fragment in a ${language.name} template`);
  }
  if (typeof value === "string") return language.quote(value).text;
  throw new TypeError(`${name}: ${String(value)} is neither text nor a fragment`);
}
