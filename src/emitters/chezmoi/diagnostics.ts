import { defineDiagnostics } from "../../diagnostics/define.ts";

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
  "chezmoi/nothing-carried": {
    severity: "note",
    message: ({ path }: { path: string }) => `\`${path}\` is carried, but your chezmoi source has nothing of it yet`,
    help: ({ path }) => `bring it in with \`remanence carry ~/${path}\``,
  },
});
