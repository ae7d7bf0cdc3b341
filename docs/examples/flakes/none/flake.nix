{
  description = "NixOS with mounts of its own";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
  };

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations.laptop = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          ./configuration.nix
          ./nixos/laptop/persistence.nix
          ./nixos/laptop/wipe.nix
        ];
      };
    };
}
