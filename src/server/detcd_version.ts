import manifest from "../../deno.json" with { type: "json" };

/** detcd's own version, as `--version` and the metric `detcd_version` tell it. */
export const DETCD_VERSION: string = manifest.version;
