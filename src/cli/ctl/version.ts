import { CompatVersion } from "../../core/members/compat_version.ts";
import { DETCD_VERSION } from "../../server/detcd_version.ts";

/** The release of etcdctl that scripts find here. */
export const CTL_VERSION: string = CompatVersion.newest.release;

/** The version of the API that goes with it. */
export const API_VERSION: string = CompatVersion.newest.line;

/** detcd's own version. */
export const PROGRAM_VERSION: string = DETCD_VERSION;
