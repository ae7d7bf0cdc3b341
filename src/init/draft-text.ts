import { commentedOut, printCommentedYaml, type YamlPart } from "../languages/yaml.ts";
import type { Draft, DraftHost, DraftItem, DraftSetting } from "./draft.ts";
import { draftLists } from "./draft.ts";

/** The file that a draft becomes. */
export function draftText(draft: Draft): string {
  const { about, users, host, lists, outputs } = draft;
  const top: [string, YamlPart][] = [
    [
      "version",
      { data: 1, above: ["yaml-language-server: $schema=./persistence.schema.json", ...about.flatMap(wrapped)] },
    ],
  ];
  if (users.length > 0) {
    top.push(["users", { map: users.map(({ name, data, reason }) => [name, { data, beside: reason }]) }]);
  }
  top.push(["hosts", { map: [[host.name, hostPart(host)]] }]);
  const below: string[] = [];
  for (const name of draftLists) {
    const { list, below: rest } = listPart(lists[name]);
    if (list.length > 0) top.push([name, { list, below: rest }]);
    else below.push(...paragraph(rest.length === 0 ? [] : [`${name}:`, ...rest.map(indented)], below));
  }
  if (outputs.some(isActive)) top.push(["outputs", settingsPart(outputs)]);
  else below.push(...paragraph(commented("outputs", outputs), below));
  return printCommentedYaml(top, below);
}

/** Lines with an empty one before them, where something stands there. */
function paragraph(lines: readonly string[], before: readonly string[]): string[] {
  return lines.length === 0 || before.length === 0 ? [...lines] : ["", ...lines];
}

function indented(line: string): string {
  return line === "" ? "" : `  ${line}`;
}

function hostPart({ os, settings, own }: DraftHost): YamlPart {
  const { list, below } = settingsOf([os, ...settings]);
  if (own.length === 0) return { map: list, below };
  // The comments of the other settings stand above the settings of the OS.
  const part = settingsPart(own);
  const key = String(os.data);
  if (!own.some(isActive)) return { map: list, below: [...below, ...commented(key, own)] };
  return { map: [...list, [key, { ...part, above: below }]] };
}

function settingsPart(settings: readonly DraftSetting[]): YamlPart {
  const { list, below } = settingsOf(settings);
  return { map: list, below };
}

/** A key of which everything is a comment. */
function commented(key: string, settings: readonly DraftSetting[]): string[] {
  if (settings.length === 0) return [];
  const values = settings.flatMap(({ key: name, data }) => commentedOut(data, name));
  return [...settings.flatMap(remarks), `${key}:`, ...values.map(indented)];
}

/** Settings that stand, each with the comments that come before it; and the comments after the last. */
function settingsOf(settings: readonly DraftSetting[]): { list: [string, YamlPart][]; below: string[] } {
  const list: [string, YamlPart][] = [];
  let waiting: string[] = [];
  for (const setting of settings) {
    if (!isActive(setting)) {
      waiting.push(...linesOf([setting]));
      continue;
    }
    const { key, data, reason, above = [] } = setting;
    list.push([key, { data, beside: reason, above: [...waiting, ...above.flatMap(wrapped)] }]);
    waiting = [];
  }
  return { list, below: waiting };
}

function isActive({ aside }: DraftSetting): boolean {
  return aside !== true;
}

function linesOf(settings: readonly DraftSetting[]): string[] {
  return settings.flatMap((setting) => [...remarks(setting), ...commentedOut(setting.data, setting.key)]);
}

/** What is said of a setting that is a comment, above it. */
function remarks({ reason, above = [] }: DraftSetting): string[] {
  return [...above, ...(reason === "" ? [] : [reason])].flatMap(wrapped);
}

/** A list under its headings; what is set aside stands as a comment where it would stand. */
function listPart(items: readonly DraftItem[]): { list: YamlPart[]; below: string[] } {
  const list: YamlPart[] = [];
  let waiting: string[] = [];
  let group: string | undefined;
  for (const item of items) {
    if (item.group !== group) {
      if (group !== undefined) waiting.push("");
      waiting.push(item.group);
      group = item.group;
    }
    if (item.aside !== undefined) {
      waiting.push(...wrapped(item.aside), ...commentedOut(item.data));
      continue;
    }
    list.push({ data: item.data, beside: item.reason, above: waiting });
    waiting = [];
  }
  return { list, below: waiting };
}

/** Columns of a line that is read as a sentence. */
const lineWidth = 100;

/** A sentence in lines that are not too long to read. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
