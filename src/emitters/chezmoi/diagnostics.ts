import { defineDiagnostics } from "../../diagnostics/define.ts";

const formWords = {
  template: "a template",
  create: "laid only once",
  private: "readable for its owner alone",
} as const;

/** What chezmoi would clash with or cannot hold. */
export const chezmoiDiagnostics = defineDiagnostics({
  "chezmoi/below-link": {
    severity: "error",
    message: ({ path, link, host }: { path: string; link: string; host: string }) =>
      `\`${path}\` is laid by chezmoi, but on ${host} \`${link}\` above it is a link to the store`,
    help: ({ link }) =>
      `chezmoi would replace that link by an empty directory: list the kept parts of \`${link}\` one by one, or write \`how: none\` for it`,
  },
  "chezmoi/hand-managed": {
    severity: "error",
    message: ({ path, source }: { path: string; source: string }) =>
      `\`${path}\` is to be a link to the store, but your chezmoi source manages it itself (${source})`,
    help: () => "keep one: `chezmoi forget` it, or write `carry: true` for what belongs in the repo",
  },
  "chezmoi/in-place-of-mount": {
    severity: "error",
    message: ({ path, source, host }: { path: string; source: string; host: string }) =>
      `\`${path}\` is kept in the store on ${host}, and chezmoi would empty it to lay what your source has there (${source})`,
    help: () => "keep one: `chezmoi forget` it, or write `carry: true` for what belongs in the repo",
  },
  "chezmoi/removed": {
    severity: "error",
    message: ({ path, pattern, file }: { path: string; pattern: string; file: string }) =>
      `\`${path}\` is in the manifest, and \`${pattern}\` in ${file} has chezmoi delete it`,
    help: () => "take that line out, or name what is to go more closely",
  },
  "chezmoi/own-folders": {
    severity: "error",
    message: ({ path }: { path: string }) => `\`${path}\` is chezmoi's own folder, and chezmoi would delete itself`,
    help: () => "write `how: none` for it on Fedora: it stays where it is and is backed up",
  },
  "chezmoi/reserved": {
    severity: "error",
    message: ({ path }: { path: string }) => `\`${path}\` is the link by which Remanence reaches the store`,
    help: () => "leave it out",
  },
  "chezmoi/guard-not-included": {
    severity: "error",
    message: ({ file }: { file: string }) =>
      `the guard is not included in ${file}, and without it chezmoi could delete state`,
    help: () => 'add this line to it once: {{ includeTemplate "remanence/ignore" . }}',
  },
  "chezmoi/guard-overruled": {
    severity: "error",
    message: ({ file, pattern, path }: { file: string; pattern: string; path: string }) =>
      `\`!${pattern}\` in ${file} lets \`${path}\` through, which the guard must be able to hold back`,
    help: () => "leave that line out, or name what it is for more closely",
  },
  "chezmoi/remove-not-included": {
    severity: "note",
    message: ({ file, count }: { file: string; count: number }) =>
      `${count === 1 ? "a link" : `${count} links`} to what is kept no longer will stay in homes: ${file} does not include what takes them away`,
    help: () => 'add this line to it once: {{ includeTemplate "remanence/remove" . }}',
  },
  "chezmoi/unrepresentable": {
    severity: "warning",
    message: ({ path, why }: { path: string; why: string }) => `chezmoi cannot hold the link for \`${path}\`: ${why}`,
    help: () => "link.sh makes it all the same; chezmoi leaves it alone",
  },
  "chezmoi/fetch-differs": {
    severity: "error",
    message: ({ path, isSecret }: { path: string; isSecret: boolean }) =>
      `\`${path}\` ${isSecret ? "comes" : "is fetched"} from different places on different hosts or for different users`,
    help: () => "chezmoi knows one source a path: let it come from one place, or give it different paths",
  },
  "chezmoi/fetch-hand-managed": {
    severity: "error",
    message: ({ path, source, isSecret }: { path: string; source: string; isSecret: boolean }) =>
      `\`${path}\` is to ${isSecret ? "come out of a password manager" : "be fetched"}, but your chezmoi source manages it itself (${source})`,
    help: () => "keep one: `chezmoi forget` it, or write `carry: true` for what belongs in the repo",
  },
  "chezmoi/one-kind": {
    severity: "error",
    message: ({ path, above }: { path: string; above: string }) =>
      path === above
        ? `\`${path}\` is carried on one host and comes from elsewhere on another`
        : `\`${path}\` lies inside \`${above}\`, which comes from elsewhere as a whole`,
    help: () => "chezmoi lays one kind of thing at a path, whatever the host: do the same everywhere",
  },
  "chezmoi/held-above": {
    severity: "error",
    message: ({ path, above }: { path: string; above: string }) =>
      `\`${path}\` is carried on a host on which \`${above}\` around it is not`,
    help: ({ above }) =>
      `chezmoi holds a directory back as a whole: carry \`${above}\` there too, or list its parts one by one`,
  },
  "chezmoi/in-clear": {
    severity: "error",
    message: ({ path, source }: { path: string; source: string }) =>
      `\`${path}\` is to be carried encrypted, and your chezmoi source has it in the clear (${source})`,
    help: ({ path }) =>
      `\`chezmoi chattr +encrypted ~/${path}\`; what was committed stays readable in the history, so change the secret too`,
  },
  "chezmoi/mode": {
    severity: "warning",
    message: ({ path, mode, known }: { path: string; mode: string; known: string }) =>
      `chezmoi cannot give \`${path}\` the mode ${mode}: it knows ${known}`,
    help: () => "write one of these, or let it be persisted, which keeps any mode",
  },
  "chezmoi/other-form": {
    severity: "warning",
    message: ({ path, source, word }: { path: string; source: string; word: "template" | "create" | "private" }) =>
      `\`${path}\` is to be ${formWords[word]}, and your chezmoi source has it otherwise (${source})`,
    help: ({ path, word }) => `\`chezmoi chattr +${word} ~/${path}\``,
  },
  "chezmoi/nothing-carried": {
    severity: "note",
    message: ({ path }: { path: string }) => `\`${path}\` is carried, but your chezmoi source has nothing of it yet`,
    help: ({ path }) => `bring it in with \`remanence carry ~/${path}\``,
  },
});
