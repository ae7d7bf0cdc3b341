{
  description = "NixOS with preservation";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    preservation.url = "github:nix-community/preservation";
  };

  outputs =
    { nixpkgs, preservation, ... }:
    {
      nixosConfigurations.laptop = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          preservation.nixosModules.preservation
          ./configuration.nix
          ./nixos/laptop/persistence.nix
          ./nixos/laptop/wipe.nix
        ];
      };
    };
}
