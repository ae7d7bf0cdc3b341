import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeDirectory,
  decodeFile,
  directoryName,
  fileName,
  ignorePattern,
  linkName,
} from "../../../src/languages/chezmoi-names.ts";
import { knownOddNames, oddName, runs } from "../../support/odd-texts.ts";

describe("source names", () => {
  const name = fc.oneof(fc.constantFrom(...knownOddNames), oddName);

  it("of directories are read as they were written", () => {
    fc.assert(
      fc.property(name, fc.boolean(), (target, isPrivate) => {
        const decoded = decodeDirectory(directoryName(target, isPrivate));
        expect(decoded).toEqual({ name: target, type: "directory", exact: false, private: isPrivate });
      }),
      runs(3000),
    );
  });

  it("of files are read as they were written, with all that is said of them", () => {
    const flag = fc.boolean();
    const said = fc.record({
      create: flag,
      encrypted: flag,
      private: flag,
      readonly: flag,
      empty: flag,
      executable: flag,
      template: flag,
    });
    fc.assert(
      fc.property(name, said, (target, attributes) => {
        const words = Object.entries(attributes).filter(([, is]) => is);
        expect(decodeFile(fileName(target, attributes))).toEqual({
          name: target,
          type: "file",
          attributes: new Set(words.map(([word]) => (word === "template" ? ".tmpl" : `${word}_`))),
        });
      }),
      runs(3000),
    );
  });

  it("of links are read as they were written", () => {
    fc.assert(
      fc.property(name, fc.boolean(), (target, template) => {
        expect(decodeFile(linkName(target, template))).toEqual({
          name: target,
          type: "symlink",
          attributes: new Set(["symlink_", ...(template ? [".tmpl"] : [])]),
        });
      }),
      runs(3000),
    );
  });

  it("are told apart: two names never have one source name", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        fc.pre(a !== b);
        expect(directoryName(a, false)).not.toBe(directoryName(b, false));
        expect(linkName(a, false)).not.toBe(linkName(b, false));
        expect(fileName(a, {})).not.toBe(fileName(b, {}));
        expect(ignorePattern(a)).not.toBe(ignorePattern(b));
      }),
      runs(2000),
    );
  });

  it("say what is in the way of a link", () => {
    expect(decodeDirectory("exact_private_dot_x")).toEqual({
      name: ".x",
      type: "directory",
      exact: true,
      private: true,
    });
    expect(decodeDirectory("external_dot_x")?.type).toBe("external");
    expect(decodeDirectory("remove_external_x")?.type).toBe("removed");
    expect(decodeDirectory("private_exact_x")?.name).toBe("exact_x");
    const file = (source: string) => {
      const { name, type, attributes } = decodeFile(source) ?? {};
      return [name, type, [...(attributes ?? [])].join(" ")];
    };
    expect(file("remove_dot_x")).toEqual([".x", "removed", "remove_"]);
    expect(file("encrypted_private_dot_x.tmpl.age")).toEqual([".x", "file", "encrypted_ private_ .tmpl"]);
    expect(file("modify_private_dot_x.py.tmpl")).toEqual([".x", "file", "modify_ private_ .tmpl"]);
    expect(file("executable_private_x")).toEqual(["private_x", "file", "executable_"]);
    expect(file("dot_x.tmpl.literal")).toEqual([".x.tmpl", "file", ""]);
  });

  it("of scripts and of nothing stand for no target", () => {
    for (const source of ["run_x", "run_once_before_x.sh", "dot_", "symlink_", "symlink_.tmpl", "literal_.literal"])
      expect(decodeFile(source), source).toBeUndefined();
    for (const source of ["dot_", "private_", "exact_literal_", "dot_."])
      expect(decodeDirectory(source), source).toBeUndefined();
  });
});

describe("patterns", () => {
  it("escape what means something in an ignore file", () => {
    expect(ignorePattern(".config/app x/[a]{b}*?\\!")).toBe(".config/app[ ]x/\\[a\\]\\{b\\}\\*\\?\\\\\\!");
    expect(ignorePattern("#h #i")).toBe("\\#h[ ]#i");
    expect(ignorePattern(".mozilla")).toBe(".mozilla");
  });
});
