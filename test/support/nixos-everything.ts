/** A manifest with everything that NixOS modules have a form of its own for, for two users and two stores. */
export function everything(module: string, nixos = ""): string {
  const only = module === "impermanence" ? () => "" : (lines: string) => lines;
  const quote = module === "preservation" ? "" : "  - \"it's ''/\"\n";
  return `version: 1
stores: { persist: /persist, bulk: /persist/bulk }
users: { alice: {}, bob.b: { home: /data/bob, group: staff } }
hosts: { laptop: { os: nixos, nixos: { module: ${module}, ${nixos} wipe: { path: /, method: tmpfs } } } }
profiles: [nixos-ids, machine-id, ssh-host-keys, postgresql, journald]
system:
  - /var/lib/thing/
  - { path: /var/lib/owned/, owner: app, group: app, mode: "0710" }
  - { path: /var/lib/keys/master, class: secret, writes: in-place }
  - { path: /var/lib/keys/link, how: symlink, writes: in-place }
  - { path: /srv/deep/linked.conf, how: symlink, writes: in-place }
  - { path: /srv/films/, store: bulk }
  - "/srv/-odd; $HOME (1) & #x/"
${only(`  - { path: /var/lib/linked/, how: symlink }
  - { path: /etc/app.conf, writes: in-place, owner: app }`)}
home:
  - Documents/
  - { path: .ssh/, class: secret }
  - { path: .config/deep/er/, note: reason }
  - { path: .config/one.conf, writes: in-place }
  - { path: .config/two.conf, writes: in-place, how: symlink }
  - { path: .netrc, class: secret, writes: in-place }
  - { path: Films/all/, store: bulk }
  - { path: shared/, group: video }
  - "My $HOME (1) \`x\`/"
  - "#odd; \\"name\\"/in {it}/"
  - { path: "-rf & <x>", writes: in-place }
  - "-dash/"
${quote}${only("  - { path: .local/share/linked/, how: symlink }")}
`;
}
