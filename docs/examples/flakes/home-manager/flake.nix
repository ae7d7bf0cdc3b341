{
  description = "home-manager inside NixOS, with impermanence";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    impermanence.url = "github:nix-community/impermanence";
    impermanence.inputs.nixpkgs.follows = "";
    impermanence.inputs.home-manager.follows = "home-manager";
    home-manager.url = "github:nix-community/home-manager/release-26.05";
    home-manager.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    {
      nixpkgs,
      impermanence,
      home-manager,
      ...
    }:
    {
      nixosConfigurations.laptop = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          impermanence.nixosModules.impermanence
          home-manager.nixosModules.home-manager
          ./configuration.nix
          ./nixos/laptop/persistence.nix
          ./nixos/laptop/wipe.nix
          {
            home-manager.useGlobalPkgs = true;
            home-manager.users.alice.imports = [ ./home-manager/laptop/alice.nix ];
          }
        ];
      };
    };
}
