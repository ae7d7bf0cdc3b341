/** Manifests in odd but legal YAML: each list in some style, comments at odd places, either kind of line break. */
import fc from "fast-check";

const comment = fc.constantFrom("", "", "  # why: it's {so}, [really]", " #", "\t# tab", "   # a, b]");
const ownLine = fc.constantFrom("", "", "# alone\n", "\n", "    # deep\n", "# - off/\n\n");

/** Items by list, as a person may write them; all within a flow list too. */
const items = {
  home: ["a/", "'b c/'", '"d:/"', "&anchor e/", "{ path: f/, class: secret }", "{path: g, note: 'x, y'}", "*later"],
  system: [
    "/var/lib/a/",
    "'/srv/b c'",
    '{ "path": "/etc/x", class: config }',
    "&sys /opt/o/",
    "{path: /var/p/ , need: NO}",
  ],
  profiles: ["ssh", '"gnupg"', "{ name: firefox, flavour: flatpak }", "&prof steam"],
} as const;

const blockItems = {
  home: [
    "path: h/\n  note: >-\n    folded\n    text",
    "path:\n  - i/\n  - j/",
    "k\n  l/",
    "path: m/ # of m\n  # below m\n  class: data",
  ],
  system: ["path: /var/lib/h/\n  note: 'two\n    lines'"],
  profiles: ["name: vim\n  on: [desk]"],
} as const;

type List = keyof typeof items;

/** Text of one list; the value of `*later` needs its anchor before it, so that item is left out where it is not. */
function list(name: List): fc.Arbitrary<string> {
  const plain = fc.subarray(
    items[name].filter((item) => !item.startsWith("*")),
    { minLength: 1 },
  );
  const flow = fc
    .tuple(plain, fc.constantFrom(", ", ",", " , "), fc.constantFrom("", ",", ", ", " "), comment)
    .map(([texts, comma, end, behind]) => `${name}: [${texts.join(comma)}${end}]${behind}\n`);
  const lines = fc
    .tuple(plain, comment, ownLine, fc.boolean(), fc.constantFrom("]", "  ]"))
    .map(([texts, behind, alone, trailing, close]) => {
      const rows = texts.map((text, i) => `    ${text}${i < texts.length - 1 || trailing ? "," : ""}${behind}\n`);
      return `${name}: [\n${rows.join(alone.replace(/^(?=#)/m, "    "))}${alone}${close}\n`;
    });
  const block = fc
    .tuple(
      fc.subarray([...items[name].filter((item) => !item.startsWith("*")), ...blockItems[name]], { minLength: 1 }),
      fc.constantFrom("", "  ", "      "),
      comment,
      ownLine,
      fc.constantFrom("", "# first\n", "\n", "  # in\n"),
    )
    .map(([texts, indent, behind, between, first]) => {
      const rows = texts.map((text) => {
        const [top = "", ...rest] = text.split("\n");
        const own = rest.length === 0 || /: /.test(top) ? behind : "";
        return [`${indent}- ${top}${own}`, ...rest.map((line) => `${indent}${line}`)].join("\n");
      });
      return `${name}:${behind}\n${first}${rows.join(`\n${between}`)}\n${between}`;
    });
  const nothing = fc
    .tuple(
      fc.constantFrom(":", ": ", ": []", ": [ ]", ": [\n  # none\n  ]", ": ~", ": null", ":\n  # none yet"),
      comment,
    )
    .map(([text, behind]) => `${name}${text}${behind}\n`);
  return fc.oneof({ weight: 3, arbitrary: block }, { weight: 2, arbitrary: flow }, lines, nothing, fc.constant(""));
}

const fixed = "hosts: { desk: { os: fedora } } # one\n\nusers:\n  ann: {}\n";

/** A whole manifest. What is not said in `items` is the same in all. */
export const oddManifest: fc.Arbitrary<string> = fc
  .tuple(
    fc.tuple(list("home"), list("system"), list("profiles"), fc.constant(fixed)),
    fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
    fc.constantFrom("", "# head\n", "---\n", "%YAML 1.2\n---\n"),
    fc.constantFrom("", "\n", "...\n", "# vim: et\n", "\n# last\n...\n# after\n"),
    fc.constantFrom("", "\n"),
    fc.constantFrom("\n", "\r\n"),
    fc.boolean(),
  )
  .map(([lists, order, head, tail, between, eol, open]) => {
    const body = ["version: 1 # of the format\n", ...order.map((i) => lists[i] ?? "")].join(between);
    const text = head + body + tail;
    return (open ? text.replace(/\n+$/, "") : text).replaceAll("\n", eol);
  });

/** A manifest as one map in braces. */
export const flowManifest: fc.Arbitrary<string> = fc
  .tuple(fc.subarray(["home", "system", "profiles"] as const), fc.constantFrom("", ",", "\n", " # c\n"), fc.boolean())
  .map(([names, end, lines]) => {
    const parts = ["version: 1", "hosts: {desk: {os: fedora}}", "users: {ann: {}}"];
    const all = [...parts, ...names.map((name) => `${name}: [${items[name][0]}]`)];
    return `{ ${all.join(lines ? ",\n  " : ", ")}${end}}\n`;
  });
