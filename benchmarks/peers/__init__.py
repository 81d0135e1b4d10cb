"""The peers' side of `peers_store`; runs in the peers' own environment, without this project's."""
