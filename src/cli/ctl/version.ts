import { DETCD_VERSION, ETCD_VERSION } from "../../server/versions.ts";

/** The release of etcdctl that scripts find here. */
export const CTL_VERSION: string = ETCD_VERSION;

/** The version of the API that goes with it. */
export const API_VERSION: string = ETCD_VERSION.split(".").slice(0, 2).join(".");

/** detcd's own version. */
export const PROGRAM_VERSION: string = DETCD_VERSION;
