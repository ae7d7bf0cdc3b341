import { goTemplate } from "../languages/go-template.ts";
import { renderTemplate } from "../languages/template.ts";

/** The functions of chezmoi's templates that read and write a format. */
interface Format {
  readonly read: string;
  readonly write: string;
}

const formats: Readonly<Record<string, Format>> = {
  json: { read: "fromJson", write: "toPrettyJson" },
  toml: { read: "fromToml", write: "toToml" },
  yaml: { read: "fromYaml", write: "toYaml" },
  yml: { read: "fromYaml", write: "toYaml" },
  ini: { read: "fromIni", write: "toIni" },
};

/** The format of a file by its extension; undefined for one whose keys chezmoi cannot set. */
export function formatOf(path: string): Format | undefined {
  return formats[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
}

/** One key of a file, by the names on the way to it, and its value as JSON. */
export interface CarriedKey {
  readonly path: readonly string[];
  readonly value: string;
}

/**
 * The values of keys (`editor.fontSize`; a dot in a name is written `\\.`) in what a file says, as data. Undefined, with the
 * key, where the file has none.
 */
export function keysIn(data: unknown, keys: readonly string[]): { keys: CarriedKey[]; missing: string | undefined } {
  const found = keys.map((key) => ({ key, path: key.split(/(?<!\\)\./).map((name) => name.replaceAll("\\.", ".")) }));
  const values = found.map(({ key, path }) => ({ key, path, value: valueAt(data, path) }));
  const missing = values.find(({ value }) => value === undefined)?.key;
  const carried = values.flatMap(({ path, value }) =>
    value === undefined ? [] : [{ path, value: JSON.stringify(value) }],
  );
  return { keys: carried, missing };
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A template of chezmoi's that sets these keys in a file and leaves all else in it as it is. */
export function modifyTemplate({ read, write }: Format, keys: readonly CarriedKey[]): string {
  return renderTemplate("modify.gotmpl.ejs", {
    read: goTemplate.reference(read),
    write: goTemplate.reference(write),
    keys,
  });
}
