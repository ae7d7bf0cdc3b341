import { defineDiagnostics } from "../../diagnostics/define.ts";

const orChezmoi = "or let chezmoi carry on this host: `nixos: { carry: chezmoi }`";

/** What home-manager cannot do that a manifest may ask of it. */
export const homeManagerDiagnostics = defineDiagnostics({
  "home-manager/carry-form": {
    severity: "error",
    message: ({ path, why }: { path: string; why: string; instead: string }) =>
      `home-manager cannot lay \`${path}\`: ${why}`,
    help: ({ instead }) => `${instead}, ${orChezmoi}`,
  },
  "home-manager/carry-below-link": {
    severity: "error",
    message: ({ path, link }: { path: string; link: string }) =>
      `\`${path}\` is carried inside \`${link}\`, which is a link into the store: home-manager cannot lay files behind its own links`,
    help: () => `let the directory and what is in it be kept alike, ${orChezmoi}`,
  },
  "home-manager/fetch-below-carried": {
    severity: "error",
    message: ({ path, above }: { path: string; above: string }) =>
      `\`${path}\` is fetched by chezmoi inside \`${above}\`, which home-manager lays: chezmoi is kept out of there`,
    help: () => `fetch it to a place outside, ${orChezmoi}`,
  },
});
