import { chezmoiEmitter } from "./chezmoi/emitter.ts";
import type { Emitter, TargetName } from "./emitter.ts";
import { fedoraEmitter } from "./fedora/emitter.ts";
import { homeManagerEmitter } from "./home-manager/emitter.ts";
import { nixosEmitter } from "./nixos/emitter.ts";

/** Every target, by its name. */
export const emitters: Readonly<Record<TargetName, Emitter>> = {
  nixos: nixosEmitter,
  "home-manager": homeManagerEmitter,
  chezmoi: chezmoiEmitter,
  fedora: fedoraEmitter,
};
