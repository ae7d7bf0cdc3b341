{
  description = "home-manager inside NixOS, with the legacy branch of impermanence";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    preservation.url = "github:nix-community/preservation";
    impermanence.url = "github:nix-community/impermanence/home-manager-v1";
    home-manager.url = "github:nix-community/home-manager/release-26.05";
    home-manager.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    {
      nixpkgs,
      preservation,
      impermanence,
      home-manager,
      ...
    }:
    {
      nixosConfigurations.laptop = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          preservation.nixosModules.preservation
          home-manager.nixosModules.home-manager
          ./configuration.nix
          ./nixos/laptop/persistence.nix
          ./nixos/laptop/wipe.nix
          {
            home-manager.useGlobalPkgs = true;
            home-manager.users.alice.imports = [
              impermanence.homeManagerModules.impermanence
              ./home-manager/laptop/alice.nix
            ];
          }
        ];
      };
    };
}
